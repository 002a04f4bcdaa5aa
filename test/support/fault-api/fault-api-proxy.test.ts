import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type FaultApiProxy, faultApiProxy } from "./fault-api-proxy.ts";

const pods = [1, 2, 3, 4].map((version) => ({
  type: "MODIFIED",
  object: { kind: "Pod", metadata: { namespace: "blog", name: `web-${String(version)}`, resourceVersion: String(version) } },
}));

describe("the fault API proxy", () => {
  let api: Server;
  let proxy: FaultApiProxy;
  let reached: string[];

  beforeEach(async () => {
    reached = [];
    api = createServer((request, response) => {
      reached.push(`${request.method ?? ""} ${request.url ?? ""}`);
      response.writeHead(200, { "content-type": "application/json" });
      if (request.url?.includes("watch=1") === true) response.end(pods.map((line) => `${JSON.stringify(line)}\n`).join(""));
      else if (request.url?.includes("fieldSelector") === true)
        response.end(JSON.stringify({ apiVersion: "v1", kind: "PodList", items: [{ metadata: { name: "web", resourceVersion: "3" } }] }));
      else response.end(JSON.stringify({ kind: "PodList", items: [] }));
    });
    await new Promise<void>((resolve) => {
      api.listen(0, "127.0.0.1", resolve);
    });
    proxy = await faultApiProxy({ server: `http://127.0.0.1:${String((api.address() as AddressInfo).port)}` });
  });
  afterEach(async () => {
    await proxy.stop();
    api.closeAllConnections();
    api.close();
  });

  const list = (path = "/api/v1/namespaces/blog/pods"): Promise<Response> => fetch(`${proxy.server}${path}`);
  const write = (): Promise<Response> => fetch(`${proxy.server}/api/v1/namespaces/blog/pods`, { method: "POST", body: "{}" });

  it("passes on what it is not told to break, and writes down what it saw", async () => {
    expect(await (await list()).json()).toEqual({ kind: "PodList", items: [] });
    await write();
    expect(proxy.seen.map(({ number, verb, writes }) => [number, verb, writes])).toEqual([
      [1, "list", false],
      [2, "create", true],
    ]);
  });

  it("answers in the server's place", async () => {
    proxy.before = () => ({ kind: "answer", status: 429, reason: "TooManyRequests", retryAfter: 1 });
    const answer = await list();
    expect([answer.status, answer.headers.get("retry-after"), await answer.json()]).toMatchObject([
      429,
      "1",
      { kind: "Status", code: 429 },
    ]);
    expect(reached).toEqual([]);
  });

  it("kills a request before the server hears of it", async () => {
    proxy.before = () => ({ kind: "reset" });
    await expect(write()).rejects.toThrow();
    expect(reached).toEqual([]);
  });

  it("loses an answer after the server has done it", async () => {
    const done: number[] = [];
    proxy.before = () => ({ kind: "lose-answer" });
    proxy.after = ({ number }) => void done.push(number);
    await expect(write()).rejects.toThrow();
    expect([reached, done]).toEqual([["POST /api/v1/namespaces/blog/pods"], [1]]);
  });

  it("lets nothing come back of what it hangs", async () => {
    proxy.before = () => ({ kind: "hang" });
    await expect(fetch(`${proxy.server}/api/v1/pods`, { signal: AbortSignal.timeout(200) })).rejects.toThrow();
    const silent = await list("/api/v1/pods?watch=1");
    expect(silent.status).toBe(200);
    expect(reached).toEqual([]);
    await silent.body?.cancel();
  });

  it("asks the server's own history for reads of the past", async () => {
    proxy.before = () => ({ kind: "stale", resourceVersion: "3" });
    await list();
    expect(await (await list("/api/v1/namespaces/blog/pods/web")).json()).toEqual({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "web", resourceVersion: "3" },
    });
    expect(reached).toEqual([
      "GET /api/v1/namespaces/blog/pods?resourceVersion=3&resourceVersionMatch=Exact",
      "GET /api/v1/namespaces/blog/pods?fieldSelector=metadata.name%3Dweb&resourceVersion=3&resourceVersionMatch=Exact",
    ]);
  });

  it("drops, doubles and reorders events", async () => {
    proxy.event = (_, { name }) => (["drop", "twice", "later", "pass"] as const)[Number(name.slice(-1)) - 1] ?? "pass";
    const body = await (await list("/api/v1/pods?watch=1")).text();
    const names = body
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as (typeof pods)[number]).object.metadata.name);
    expect(names).toEqual(["web-2", "web-2", "web-4", "web-3"]);
  });

  it("is not there while it is down", async () => {
    proxy.down();
    await expect(list()).rejects.toThrow();
    proxy.up();
    expect((await list()).status).toBe(200);
  });
});
