import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { httpAsk } from "./http-ask.ts";
import { probeOnce } from "./probe.ts";

describe("asking a pod", () => {
  let server: Server;
  let port = 0;
  beforeAll(async () => {
    server = createServer((asked, answer) => {
      if (asked.url === "/silent") return;
      answer.writeHead(asked.url === "/broken" ? 500 : 200);
      if (asked.url === "/endless") answer.write("x".repeat(100_000));
      else answer.end(`${asked.headers.host} ${asked.url}`);
    });
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => void server.close());
  const ask = (path: string, bodyLimit: number) =>
    httpAsk({ address: "127.0.0.1", port, path, headers: { host: "blog" }, bodyLimit, signal: AbortSignal.timeout(5000) });

  it("answers status and body", async () => expect(await ask("/a?b", 100)).toEqual({ status: 200, body: "blog /a?b" }));
  it("reads no more than it was told", async () => expect((await ask("/endless", 10)).body).toBe("xxxxxxxxxx"));
  it("needs no body for a status", async () => expect(await ask("/broken", 0)).toEqual({ status: 500, body: "" }));

  it.each<{ path: string; ok: boolean; why: RegExp }>([
    { path: "/", ok: true, why: /status 200/ },
    { path: "/broken", ok: false, why: /answers \/broken with status 500/ },
    { path: "/silent", ok: false, why: /does not answer in time/ },
  ])("probes $path", async ({ path, ok, why }) => {
    const probe = { httpGet: { path, port }, periodSeconds: 1, timeoutSeconds: 0.3, failureThreshold: 1 };
    const seen = await probeOnce(probe, "127.0.0.1", async () => 0);
    expect(seen).toEqual({ ok, why: expect.stringMatching(why) });
  });
});
