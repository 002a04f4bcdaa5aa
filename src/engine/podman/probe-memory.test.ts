import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Container } from "../../render/objects.ts";
import { ProbeMemory } from "./probe-memory.ts";

describe("what probing again and again comes to", () => {
  let server: Server;
  let status = 200;
  let now = 0;
  let asked = 0;
  const clock = { now: () => now, sleep: () => Promise.resolve() };

  beforeEach(async () => {
    [status, now, asked] = [200, 0, 0];
    server = createServer((_request, response) => {
      asked += 1;
      response.writeHead(status).end();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
  });
  afterEach(() => void server.close());

  /** As read from the state anew in every pass: equal, never identical. */
  const container = (probes: readonly ("startupProbe" | "readinessProbe" | "livenessProbe")[]): Container => {
    const { port } = server.address() as AddressInfo;
    const probe = { httpGet: { path: "/", port }, periodSeconds: 2, timeoutSeconds: 1, failureThreshold: 3 };
    return { name: "web", ...Object.fromEntries(probes.map((kind) => [kind, { ...probe }])) } as unknown as Container;
  };
  const passes = async (memory: ProbeMemory, count: number, probes: Parameters<typeof container>[0], wasReady = true) => {
    const at = { address: "127.0.0.1", exec: () => Promise.resolve(0), wasReady };
    let health = await memory.look("web:1", container(probes), at);
    for (let pass = 1; pass < count; pass++) {
      now += 1000;
      health = await memory.look("web:1", container(probes), at);
    }
    now += 2000;
    return health;
  };

  it("asks in the probe's own period, not in every pass", async () => {
    await passes(new ProbeMemory(clock), 6, ["readinessProbe"]);
    expect(asked).toBe(3);
  });

  it("is unready after as many failures as the probe says, and ready at the first success", async () => {
    const memory = new ProbeMemory(clock);
    status = 503;
    expect((await passes(memory, 3, ["readinessProbe"])).ready).toBe(true);
    expect(await passes(memory, 1, ["readinessProbe"])).toMatchObject({ ready: false, dead: false });
    status = 200;
    expect((await passes(memory, 1, ["readinessProbe"])).ready).toBe(true);
  });

  it("is dead after as many failures of its liveness probe", async () => {
    const memory = new ProbeMemory(clock);
    status = 500;
    expect((await passes(memory, 3, ["livenessProbe"])).dead).toBe(false);
    expect((await passes(memory, 1, ["livenessProbe"])).dead).toBe(true);
  });

  it("asks for readiness and life only after the startup probe has passed", async () => {
    const memory = new ProbeMemory(clock);
    status = 503;
    expect(await passes(memory, 1, ["startupProbe", "readinessProbe", "livenessProbe"], false)).toMatchObject({
      ready: false,
      dead: false,
    });
    expect(asked).toBe(1);
    status = 200;
    expect(await passes(memory, 1, ["startupProbe", "readinessProbe", "livenessProbe"], false)).toMatchObject({ ready: true, dead: false });
    expect(asked).toBe(4);
  });
});
