import { createConnection, createServer, type Server, type Socket } from "node:net";
import type { Server as HttpServer } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { databaseRouterContract } from "../../src/providers/router/database-router-contract.ts";
import { haproxyRouter } from "../../src/providers/router/haproxy/haproxy-router.ts";
import { HAPROXY_PATHS, renderHaproxy } from "../../src/render/router/haproxy/render-haproxy.ts";
import type { RouterPlan } from "../../src/render/router/router-plan.ts";
import { HaproxyProcess, hasHaproxy } from "../support/haproxy-process.ts";
import { nodeCheckServer } from "../support/node-check-server.ts";

const BASE = 21_300;
const NODES = ["n1", "n2", "n3"];
const ADDRESS = "127.0.0.21";
const skip = !hasHaproxy();

/** Nodes that only say their name: what is tested is who gets whom. */
class NamingNodes {
  /** What each node's check answers for /writer. */
  readonly answers = new Map<string, number | null>([
    ["n1", 200],
    ["n2", 404],
    ["n3", 404],
  ]);
  readonly #servers: (Server | HttpServer)[] = [];
  readonly #sockets = new Set<Socket>();

  async start(): Promise<void> {
    for (const [index, name] of NODES.entries()) {
      const server = createServer((socket) => {
        this.#sockets.add(socket);
        socket.on("error", () => undefined).on("data", () => undefined);
        socket.write(`${name}\n`);
      });
      await new Promise<void>((ready) => server.listen({ host: ADDRESS, port: BASE + index }, ready));
      const check = await nodeCheckServer(ADDRESS, BASE + 10 + index, () => Promise.resolve(this.answers.get(name) ?? null));
      this.#servers.push(server, check);
    }
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    for (const server of this.#servers) await new Promise((closed) => server.close(closed));
  }
}

const plan = (pod: number): RouterPlan => ({
  nodes: NODES.map((name, index) => ({ name, host: ADDRESS, port: BASE + index, checkPort: BASE + 10 + index })),
  listen: { address: ADDRESS, port: BASE + 20 + pod },
  health: { address: ADDRESS, port: BASE + 30 + pod },
  maxConnections: 100,
  resolve: false,
});

/** A client: whom it got, and whether it is still connected. */
function client(pod = 0): { readonly socket: Socket; readonly node: Promise<string>; readonly closed: Promise<void> } {
  const socket = createConnection({ host: ADDRESS, port: BASE + 20 + pod });
  socket.on("error", () => undefined);
  const closed = new Promise<void>((done) => socket.once("close", () => done()));
  const node = Promise.race([
    new Promise<string>((told) => socket.once("data", (text) => told(String(text).trim()))),
    closed.then(() => "nobody"),
  ]);
  return { socket, node, closed };
}

async function ask(pod = 0): Promise<string> {
  const { socket, node } = client(pod);
  const name = await node;
  socket.destroy();
  return name;
}

describe.skipIf(skip)("HAProxy of Debian in front of three nodes", () => {
  const nodes = new NamingNodes();
  const pods = [new HaproxyProcess(), new HaproxyProcess()] as const;

  beforeAll(async () => {
    await nodes.start();
    for (const [index, pod] of pods.entries())
      await pod.start(renderHaproxy(plan(index)), `http://${ADDRESS}:${BASE + 30 + index}${HAPROXY_PATHS.alive}`);
  });
  afterAll(async () => {
    for (const pod of pods) await pod.stop();
    await nodes.stop();
  });

  const eventually = async (node: string, pod = 0): Promise<void> => {
    await expect.poll(() => ask(pod), { timeout: 60_000, interval: 100 }).toBe(node);
  };

  it("takes what is rendered, with names to look up and without", async () => {
    for (const resolve of [false, true]) {
      const hosts = resolve ? { nodes: plan(0).nodes.map((node) => ({ ...node, host: "localhost" })) } : {};
      const { code, output } = await HaproxyProcess.check(renderHaproxy({ ...plan(0), ...hosts, resolve }));
      expect(code, output).toBe(0);
      expect(output).not.toMatch(/WARNING/);
    }
  });

  it("leads everybody to the node that says it is the writer", async () => {
    await eventually("n1");
    await eventually("n1", 1);
    expect(await Promise.all(Array.from({ length: 20 }, () => ask()))).toEqual(Array.from({ length: 20 }, () => "n1"));
    expect((await fetch(`http://${ADDRESS}:${BASE + 30}${HAPROXY_PATHS.writerKnown}`)).status).toBe(200);
  });

  it("moves the writer without cutting anybody: who is there stays, who comes goes to the new one", async () => {
    const former = client();
    expect(await former.node).toBe("n1");
    nodes.answers.set("n1", 404).set("n2", 200);
    await eventually("n2");
    await eventually("n2", 1);
    expect(former.socket.readyState).toBe("open");
    expect(await haproxyRouter.look({ nodes: plan(0).nodes, users: [] }, { name: "a", address: ADDRESS, port: BASE + 30 })).toEqual([
      { node: "n1", state: "draining", sessions: 1 },
      { node: "n2", state: "writer", sessions: 0 },
      { node: "n3", state: "standby", sessions: 0 },
    ]);
    former.socket.destroy();
  });

  it("cuts whom a node had that serves no more, and does not go back when it does again", async () => {
    const former = client();
    expect(await former.node).toBe("n2");
    nodes.answers.set("n2", 503).set("n3", 200);
    await former.closed;
    await eventually("n3");
    nodes.answers.set("n2", 404);
    await new Promise((wake) => setTimeout(wake, 2000));
    expect(await ask()).toBe("n3");
  });

  it("leads nobody anywhere while nobody writes, and says so where it is asked", async () => {
    nodes.answers.set("n3", null);
    await eventually("nobody");
    expect((await fetch(`http://${ADDRESS}:${BASE + 30}${HAPROXY_PATHS.writerKnown}`)).status).toBe(503);
    expect((await fetch(`http://${ADDRESS}:${BASE + 30}${HAPROXY_PATHS.alive}`)).status).toBe(200);
    nodes.answers.set("n3", 404).set("n1", 200);
    await eventually("n1");
  });

  describe("keeps the contract of routers:", () => {
    const pod = (index: number) => ({ name: `pod-${index}`, address: ADDRESS, port: BASE + 30 + index });
    databaseRouterContract(() => ({
      router: haproxyRouter,
      pods: [pod(0), pod(1)],
      wish: { nodes: plan(0).nodes, users: [] },
      async drift() {
        await pods[0].stop();
        const fewer = { ...plan(0), nodes: plan(0).nodes.slice(0, 2) };
        await pods[0].start(renderHaproxy(fewer), `http://${ADDRESS}:${BASE + 30}${HAPROXY_PATHS.alive}`);
      },
      end: () => pods[1].stop(),
    }));
  });
});
