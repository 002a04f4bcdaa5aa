import { connect, createServer } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { systemClock } from "../providers/system-clock.ts";
import type { Delivery } from "../workflows/review/verify-delivery.ts";
import { reviewServer } from "./review-server.ts";

let places: { address: string; port: number }[];
let seen: (readonly [string, Delivery])[];
let ended: AbortController;
let running: Promise<void>;
let port: number;

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" ? (address?.port ?? 0) : 0));
    });
  });

beforeEach(async () => {
  port = await freePort();
  places = [{ address: "127.0.0.1", port }];
  seen = [];
  ended = new AbortController();
  running = reviewServer({
    places: async () => places,
    receive: async (site, delivery) => {
      seen.push([site, delivery]);
      if (site === "broken") throw new Error("no room");
      return { status: 202, says: "queued" };
    },
    ...{ clock: systemClock, signal: ended.signal, log: () => undefined },
  });
  await expect.poll(isListening, { timeout: 20_000 }).toBe(true);
});
afterEach(async () => {
  ended.abort();
  await running;
});

const isListening = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1", () => {
      socket.destroy();
      resolve(true);
    }).once("error", () => resolve(false));
  });
const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
  fetch(`http://127.0.0.1:${String(port)}${path}`, { method: "POST", body: "{}", ...init });

it("hands over the bytes as they came", async () => {
  const body = Buffer.from([0x7b, 0xff, 0x00, 0x7d]);
  const answer = await ask("/review/shop", { body, headers: { "X-GitHub-Event": "ping" } });
  expect([answer.status, await answer.json()]).toEqual([202, { says: "queued" }]);
  const [site, delivery] = seen[0] ?? [];
  expect([site, delivery?.headers["x-github-event"], Buffer.from(delivery?.body ?? []).equals(body)]).toEqual(["shop", "ping", true]);
});

it.each([
  ["/", {}, 404],
  ["/review/", {}, 404],
  ["/review/Shop", {}, 404],
  ["/review/shop/x", {}, 404],
  ["/review/shop?x", {}, 404],
  ["/review/shop", { method: "PUT" }, 405],
  ["/review/shop", { body: Buffer.alloc(4 * 1024 * 1024 + 1) }, 413],
] as const)("refuses %s with %j", async (path, init, status) => {
  const answer = await ask(path, init).catch(() => ({ status: 413 })); // the connection may be closed while the body is sent
  expect([answer.status, seen]).toEqual([status, []]);
});

it("says that it could not write it down", async () => {
  expect((await ask("/review/broken")).status).toBe(500);
});

it("listens where it is told to, and nowhere when there is no review", async () => {
  places = [];
  await expect.poll(isListening, { timeout: 20_000 }).toBe(false);
  places = [{ address: "127.0.0.1", port }];
  await expect.poll(isListening, { timeout: 20_000 }).toBe(true);
});
