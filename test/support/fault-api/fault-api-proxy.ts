import { createServer, type IncomingMessage, request as plainRequest, type Server, type ServerResponse } from "node:http";
import { request as tlsRequest } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { text } from "node:stream/consumers";
import { setTimeout as sleep } from "node:timers/promises";
import { type ApiRequest, apiRequest } from "./api-request.ts";
import { type EventFault, type WatchLine, watchLines } from "./watch-lines.ts";

/** What is done to a request instead of passing it on. */
export type ApiFault =
  /** The server's words, as a `Status` of Kubernetes. */
  | { readonly kind: "answer"; readonly status: number; readonly reason: string; readonly retryAfter?: number }
  /** The connection ends, and the server never hears of the request. */
  | { readonly kind: "reset" }
  /** The server does it; the client never hears of that. */
  | { readonly kind: "lose-answer" }
  /** Nothing ever comes back; a watch stays open and silent. */
  | { readonly kind: "hang" }
  | { readonly kind: "slow"; readonly milliseconds: number }
  /** A read from the past: as the cluster was at this resourceVersion. The API server itself answers from its history. */
  | { readonly kind: "stale"; readonly resourceVersion: string };

/** Where the real API server is, and who we are there. PEM. */
export interface ApiTarget {
  readonly server: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/** A proxy between an operator and a real API server that counts, and breaks what it is told to (`reliability.md`: FAP). */
export interface FaultApiProxy {
  /** `http://127.0.0.1:PORT`, for a kubeconfig without credentials: the proxy has them. */
  readonly server: string;
  readonly seen: ApiRequest[];
  /** Asked before each request, and waited for: whoever kills the operator here kills it before the write. Undefined passes it on. */
  before: (request: ApiRequest) => ApiFault | undefined | Promise<ApiFault | undefined>;
  /** Called when the server has answered, before the client hears of it: killing here is killing after the write. */
  after: (request: ApiRequest, status: number) => void | Promise<void>;
  /** Asked for each event of each watch. */
  event: (request: ApiRequest, line: WatchLine) => EventFault;
  /** Ends every connection, and refuses new ones until `up`. */
  down(): void;
  up(): void;
  stop(): Promise<void>;
}

/** Starts one on a free port of the loopback. */
export async function faultApiProxy(target: ApiTarget): Promise<FaultApiProxy> {
  const sockets = new Set<Socket>();
  let isDown = false;
  const proxy: FaultApiProxy = {
    server: "",
    seen: [],
    before: () => undefined,
    after: () => undefined,
    event: () => "pass",
    down: () => {
      isDown = true;
      for (const socket of sockets) socket.destroy();
    },
    up: () => {
      isDown = false;
    },
    stop: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
  const server: Server = createServer((incoming, outgoing) => {
    void pass(proxy, target, incoming, outgoing).catch(() => incoming.socket.destroy());
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    if (isDown) socket.destroy();
  });
  server.on("upgrade", (incoming, socket, head) => tunnel(target, incoming, socket as Socket, head));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return Object.assign(proxy, { server: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}` });
}

async function pass(proxy: FaultApiProxy, target: ApiTarget, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const { method = "GET", url = "/" } = incoming;
  const asked = apiRequest(proxy.seen.length + 1, method, url, incoming.headers["content-type"]);
  proxy.seen.push(asked);
  const body = method === "GET" ? "" : await text(incoming);
  const fault = await proxy.before(asked);
  switch (fault?.kind) {
    case "reset":
      incoming.socket.destroy();
      return;
    case "hang":
      if (asked.verb === "watch") outgoing.writeHead(200, { "content-type": "application/json" }).flushHeaders();
      return;
    case "answer":
      refuse(outgoing, fault);
      return;
    case "slow":
      await sleep(fault.milliseconds);
      break;
    default:
  }
  if (fault?.kind === "stale" && asked.verb === "get") return staleGet(proxy, target, asked, fault.resourceVersion, outgoing);
  const path = fault?.kind === "stale" && asked.verb === "list" ? inThePast(url, fault.resourceVersion) : url;
  const answer = await ask(target, { method, path, headers: incoming.headers, body });
  outgoing.once("close", () => answer.destroy());
  const status = answer.statusCode ?? 502;
  if (asked.verb === "watch" && status === 200) return passWatch(proxy, asked, answer, outgoing);
  const bytes = await text(answer);
  await proxy.after(asked, status);
  if (fault?.kind === "lose-answer") {
    incoming.socket.destroy();
    return;
  }
  outgoing.writeHead(status, headersOf(answer)).end(bytes);
}

function refuse(outgoing: ServerResponse, { status, reason, retryAfter }: ApiFault & { readonly kind: "answer" }): void {
  const words = { kind: "Status", apiVersion: "v1", status: "Failure", message: `injected: ${reason}`, reason, code: status };
  const headers = { "content-type": "application/json", ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }) };
  outgoing.writeHead(status, headers).end(JSON.stringify(words));
}

function passWatch(proxy: FaultApiProxy, asked: ApiRequest, answer: IncomingMessage, outgoing: ServerResponse): void {
  const lines = watchLines((line) => proxy.event(asked, line));
  outgoing.writeHead(200, headersOf(answer));
  outgoing.flushHeaders();
  answer.setEncoding("utf8");
  answer.on("data", (chunk: string) => outgoing.write(lines.push(chunk)));
  answer.once("end", () => outgoing.end(lines.end()));
  answer.once("error", () => outgoing.destroy());
}

/** A list of the past, as the API server's own history has it. */
function inThePast(url: string, resourceVersion: string): string {
  const at = new URL(url, "http://api");
  at.searchParams.set("resourceVersion", resourceVersion);
  at.searchParams.set("resourceVersionMatch", "Exact");
  return `${at.pathname}${at.search}`;
}

/** The API has no GET of the past: a list of that one name is. */
async function staleGet(
  proxy: FaultApiProxy,
  target: ApiTarget,
  asked: ApiRequest,
  resourceVersion: string,
  outgoing: ServerResponse,
): Promise<void> {
  const { pathname } = new URL(asked.url, "http://api");
  const end = pathname.lastIndexOf("/");
  const selector = `fieldSelector=${encodeURIComponent(`metadata.name=${decodeURIComponent(pathname.slice(end + 1))}`)}`;
  const path = inThePast(`${pathname.slice(0, end)}?${selector}`, resourceVersion);
  const answer = await ask(target, { method: "GET", path, headers: { accept: "application/json" }, body: "" });
  const list = JSON.parse(await text(answer)) as { apiVersion: string; kind: string; items?: object[] };
  await proxy.after(asked, answer.statusCode ?? 502);
  const [found] = list.items ?? [];
  if (answer.statusCode !== 200)
    outgoing.writeHead(answer.statusCode ?? 502, { "content-type": "application/json" }).end(JSON.stringify(list));
  else if (found === undefined) refuse(outgoing, { kind: "answer", status: 404, reason: "NotFound" });
  else
    outgoing
      .writeHead(200, { "content-type": "application/json" })
      .end(JSON.stringify({ apiVersion: list.apiVersion, kind: list.kind.replace(/List$/, ""), ...found }));
}

function headersOf(answer: IncomingMessage): Record<string, string | string[]> {
  const kept = Object.entries(answer.headers).filter(
    (entry): entry is [string, string | string[]] =>
      entry[1] !== undefined && !["content-length", "transfer-encoding", "connection", "content-encoding"].includes(entry[0]),
  );
  return Object.fromEntries(kept);
}

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

function ask(target: ApiTarget, { method, path, headers, body }: Asked): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { host: _host, "accept-encoding": _encoding, "content-length": _length, "transfer-encoding": _transfer, ...rest } = headers;
    const sent = requestTo(target, path, method, {
      ...rest,
      ...(body === "" ? {} : { "content-length": String(Buffer.byteLength(body)) }),
    });
    sent.once("response", resolve);
    sent.once("error", reject);
    sent.end(body);
  });
}

function requestTo(target: ApiTarget, path: string, method: string, headers: IncomingMessage["headers"]): ReturnType<typeof plainRequest> {
  const url = new URL(path, target.server);
  const { ca, cert, key } = target;
  return url.protocol === "http:"
    ? plainRequest(url, { method, headers })
    : tlsRequest(url, { method, headers, ca, cert, key, agent: false });
}

/** exec, logs over WebSockets and port-forward go through as they are. */
function tunnel(target: ApiTarget, incoming: IncomingMessage, socket: Socket, head: Buffer): void {
  const { host: _host, ...headers } = incoming.headers;
  const sent = requestTo(target, incoming.url ?? "/", incoming.method ?? "GET", headers);
  sent.once("upgrade", (answer, upstream, first) => {
    const lines = Object.entries(answer.headers).flatMap(([name, value]) => [value ?? []].flat().map((one) => `${name}: ${one}`));
    socket.write(`HTTP/1.1 ${String(answer.statusCode)} ${answer.statusMessage ?? ""}\r\n${lines.join("\r\n")}\r\n\r\n`);
    if (first.length > 0) socket.write(first);
    if (head.length > 0) upstream.write(head);
    upstream.pipe(socket).pipe(upstream);
    upstream.on("error", () => socket.destroy());
    socket.on("error", () => upstream.destroy());
  });
  sent.once("response", (answer) => {
    socket.end(`HTTP/1.1 ${String(answer.statusCode)} ${answer.statusMessage ?? ""}\r\nconnection: close\r\n\r\n`);
  });
  sent.once("error", () => socket.destroy());
  sent.end();
}
