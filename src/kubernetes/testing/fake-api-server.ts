import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { KubeObject } from "../kubernetes-api.ts";
import { FakeObjects } from "./fake-objects.ts";

/** One request as the server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** What is done to a request instead of answering it. */
export type FakeFault =
  | { readonly kind: "answer"; readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** The connection breaks before an answer. */
  | { readonly kind: "reset" }
  /** Nothing is ever said. */
  | { readonly kind: "silent" }
  /** The answer begins and nothing follows: a watch in a black hole. */
  | { readonly kind: "silent-after-headers" };

/** An API server of one test: real HTTP on loopback, objects in memory, and the faults that it is told to have. */
export interface FakeApiServer {
  /** Path of a kubeconfig with one context. */
  readonly kubeconfig: string;
  readonly url: string;
  readonly objects: FakeObjects;
  readonly seen: SeenRequest[];
  /** Asked for each request; undefined answers it. */
  fault: (request: SeenRequest) => FakeFault | undefined;
  /** How many watches are open and hear. */
  openWatches(): number;
  /** Resets the connections of all watches that are open. */
  cutWatches(): void;
  /** Open watches stay open and hear nothing any more. */
  deafenWatches(): void;
  close(): Promise<void>;
  readonly server: ReturnType<typeof createServer>;
}

/** Starts one. `watchList: false` is a server that knows no `sendInitialEvents`. */
export async function fakeApiServer(options: { readonly watchList?: boolean; readonly token?: string } = {}): Promise<FakeApiServer> {
  const objects = new FakeObjects();
  const sockets = new Set<Socket>();
  const watches = new Set<ServerResponse>();
  const deaf = new Set<ServerResponse>();
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    void textOf(request).then((body) => {
      const url = new URL(request.url ?? "/", "http://fake");
      const one: SeenRequest = {
        method: request.method ?? "",
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: request.headers,
        body,
      };
      seen.push(one);
      const fault = fake.fault(one);
      if (fault !== undefined) commit(fault, response);
      else if (one.query["watch"] === "true") watch(one, response);
      else answer(one, response);
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });

  const answer = (request: SeenRequest, response: ServerResponse): void => {
    const { status, body } = objects.answer(request);
    send(response, status, body);
  };

  const watch = ({ path, query }: SeenRequest, response: ServerResponse): void => {
    const wantsAll = query["sendInitialEvents"] === "true";
    if (wantsAll && options.watchList === false) {
      const message = "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate is enabled";
      return send(response, 422, { kind: "Status", status: "Failure", reason: "Invalid", code: 422, message });
    }
    response.writeHead(200, { "content-type": "application/json" });
    response.flushHeaders();
    const say = (type: string, object: unknown): void => {
      if (!deaf.has(response)) response.write(`${JSON.stringify({ type, object })}\n`);
    };
    const from = query["resourceVersion"];
    if (from !== undefined && Number(from) < objects.oldest) {
      say("ERROR", { kind: "Status", status: "Failure", reason: "Expired", code: 410, message: `too old resource version: ${from}` });
      return void response.end();
    }
    if (wantsAll) {
      for (const object of objects.below(path)) say("ADDED", object);
      const annotations = { "k8s.io/initial-events-end": "true" };
      say("BOOKMARK", { kind: "Bookmark", apiVersion: "v1", metadata: { resourceVersion: String(objects.version), annotations } });
    } else for (const event of objects.since(path, Number(from))) say(event.type, event.object);
    watches.add(response);
    const stop = objects.listen(path, (type, object) => {
      say(type, object);
    });
    response.on("close", () => {
      stop();
      watches.delete(response);
    });
  };

  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  const folder = await mkdtemp(join(tmpdir(), "howdah-fake-api-"));
  const kubeconfig = join(folder, "config");
  await writeFile(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "fake", cluster: { server: url } }],
      users: [{ name: "tester", user: { token: options.token ?? "the-token" } }],
      contexts: [{ name: "fake", context: { cluster: "fake", user: "tester", namespace: "blog" } }],
      "current-context": "fake",
    }),
  );
  const fake: FakeApiServer = {
    kubeconfig,
    url,
    objects,
    seen,
    server,
    fault: () => undefined,
    openWatches: () => [...watches].filter((response) => !deaf.has(response)).length,
    cutWatches() {
      for (const response of watches) response.destroy();
    },
    deafenWatches() {
      for (const response of watches) deaf.add(response);
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => {
        server.close(resolve);
      });
      await rm(folder, { recursive: true, force: true });
    },
  };
  return fake;
}

function commit(fault: FakeFault, response: ServerResponse): void {
  switch (fault.kind) {
    case "answer":
      response.writeHead(fault.status, { "content-type": "application/json", ...fault.headers });
      response.end(fault.body ?? JSON.stringify({ kind: "Status", status: "Failure", code: fault.status, message: "a fault of the test" }));
      break;
    case "reset":
      response.destroy();
      break;
    case "silent-after-headers":
      response.writeHead(200, { "content-type": "application/json" });
      response.flushHeaders();
      break;
    case "silent":
      break;
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** An object of a test, with what the server would add left out. */
export function configMap(name: string, data: Readonly<Record<string, string>> = {}, namespace = "blog"): KubeObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data };
}
