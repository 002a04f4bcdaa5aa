import { mkdtemp, rm, stat } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HowdahError } from "../kernel/howdah-error.ts";
import { wakeServer } from "./wake-server.ts";

describe("the agent's answer to the edge", () => {
  let directory: string;
  let stop: AbortController;
  let server: Promise<void> | undefined;
  let asleep: boolean;
  let wakes: number;
  let wake: () => Promise<string[]>;
  const lines: string[] = [];
  const socket = (): string => join(directory, "wake.sock");

  const ask = (path: string): Promise<[number, string | undefined]> =>
    new Promise((resolve, reject) => {
      const sent = request({ socketPath: socket(), path }, (response) => {
        response.resume();
        resolve([response.statusCode ?? 0, response.headers["x-howdah-backend"] as string | undefined]);
      });
      sent.once("error", reject).end();
    });
  const start = async (): Promise<void> => {
    server = wakeServer({
      engine: {
        use: () => Promise.resolve({ idleAfterSeconds: 60, lastUse: 0, state: asleep ? "asleep" : "running" }),
        ensureAwake: async (_namespace, _context, visitor) => {
          if (!asleep) return ["10.0.0.2:8080"];
          wakes += 1;
          const backends = await wake();
          asleep = false;
          visitor?.serving(backends);
          return backends;
        },
      },
      // Waiting for the next look is short here; a deadline is never reached.
      clock: {
        now: () => Date.now(),
        sleep: async (ms, signal) => {
          await delay(ms === 2000 ? 5 : ms, undefined, signal === undefined ? {} : { signal });
        },
      },
      signal: stop.signal,
      log: ({ msg, error }) => void lines.push(`${msg}: ${String(error)}`),
      socket: socket(),
    });
    await expect.poll(() => stat(socket()).catch(() => undefined)).toBeDefined();
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "wake-"));
    stop = new AbortController();
    [asleep, wakes] = [true, 0];
    wake = () => Promise.resolve(["10.0.0.2:8080", "10.0.0.3:8080"]);
    lines.length = 0;
  });
  afterEach(async () => {
    stop.abort();
    await server;
    await rm(directory, { recursive: true });
  });

  it("wakes a site once for all who ask at once, and says where it answers", async () => {
    wake = async () => {
      await delay(50);
      return ["10.0.0.2:8080"];
    };
    await start();
    const answers = await Promise.all(Array.from({ length: 30 }, () => ask("/wake/blog")));
    expect(answers).toEqual(Array.from({ length: 30 }, () => [204, "10.0.0.2:8080"]));
    expect(wakes).toBe(1);
    expect(await ask("/wake/blog")).toEqual([204, "10.0.0.2:8080"]);
    expect(wakes).toBe(1);
  });

  it("refuses when a site can't be woken, says why in its log, and leaves it in peace for a while", async () => {
    wake = () => Promise.reject(new HowdahError("engine/crashed", "the image is gone"));
    await start();
    expect(await ask("/wake/blog")).toEqual([403, undefined]);
    expect(await ask("/wake/blog")).toEqual([403, undefined]);
    expect(wakes).toBe(1);
    expect(lines).toContain("could not be woken: the image is gone");
  });

  it.each(["/", "/wake/", "/wake/../etc", "/wake/a%2Fb"])("refuses %s", async (path) => {
    await start();
    expect(await ask(path)).toEqual([403, undefined]);
    expect(wakes).toBe(0);
  });

  it("listens again when the edge's directory came anew, and can be reached by the edge's user", async () => {
    await start();
    const first = (await stat(socket())).ino;
    await rm(socket());
    await expect.poll(async () => (await stat(socket()).catch(() => undefined))?.ino).toBeDefined();
    expect((await stat(socket())).mode & 0o777).toBe(0o777);
    expect(first).toBeGreaterThan(0);
    expect((await ask("/wake/blog"))[0]).toBe(204);
  });
});
