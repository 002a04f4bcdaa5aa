import { createServer, request, type RequestOptions } from "node:https";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** One request as the proxy saw it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  /** Body bytes that came from the client. */
  bytes: number;
  status: number;
}

/** What is done to a request instead of passing it on. */
export type Fault =
  | { readonly kind: "answer"; readonly status: number; readonly headers?: Readonly<Record<string, string>>; readonly body?: string }
  /** The connection ends after that many bytes of the request's body. */
  | { readonly kind: "cut-request"; readonly after: number }
  /** The connection ends after that many bytes of the answer's body. */
  | { readonly kind: "cut-answer"; readonly after: number }
  /** The registry gets and answers the request; the client never hears of it. */
  | { readonly kind: "lose-answer" }
  /** One byte of the answer's body is another one. */
  | { readonly kind: "corrupt" }
  | { readonly kind: "slow"; readonly milliseconds: number };

/** A proxy that speaks TLS to both sides and breaks what it is told to. */
export interface FaultProxy {
  readonly host: string;
  readonly seen: Seen[];
  /** Asked for each request; undefined passes it on. */
  fault: (request: Seen) => Fault | undefined;
  /** Nobody listens any more. */
  down(): Promise<void>;
  up(): Promise<void>;
}

/** Starts a proxy on `127.0.0.1:port` before `target`'s port. `ca`, `cert` and `key` are PEM. */
export async function faultProxy(
  port: number,
  target: number,
  tls: { readonly ca: string; readonly cert: string; readonly key: string },
): Promise<FaultProxy> {
  let server: Server | undefined;
  const sockets = new Set<Socket>();
  const proxy: FaultProxy = {
    host: `127.0.0.1:${String(port)}`,
    seen: [],
    fault: () => undefined,
    down: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        if (server === undefined) return resolve();
        server.close(() => {
          resolve();
        });
        server = undefined;
      }),
    up: () =>
      new Promise((resolve, reject) => {
        const made = createServer({ cert: tls.cert, key: tls.key }, (incoming, outgoing) => {
          void pass(incoming, outgoing, proxy, { port: target, ca: tls.ca }).catch(() => {
            outgoing.destroy();
          });
        });
        made.on("connection", (socket: Socket) => {
          sockets.add(socket);
          socket.on("error", () => {}).once("close", () => sockets.delete(socket));
        });
        made.once("error", reject);
        made.listen(port, "127.0.0.1", () => {
          server = made;
          resolve();
        });
      }),
  };
  await proxy.up();
  return proxy;
}

async function pass(incoming: IncomingMessage, outgoing: ServerResponse, proxy: FaultProxy, target: RequestOptions): Promise<void> {
  const seen: Seen = { method: incoming.method ?? "", url: incoming.url ?? "", headers: incoming.headers, bytes: 0, status: 0 };
  proxy.seen.push(seen);
  const fault = proxy.fault(seen);
  incoming.on("error", () => {});
  if (fault?.kind === "slow") await sleep(fault.milliseconds);
  if (fault?.kind === "answer") {
    seen.status = fault.status;
    incoming.resume();
    outgoing.writeHead(fault.status, fault.headers).end(fault.body);
    return;
  }
  const { method, headers, url } = incoming;
  const upstream = request({ ...target, host: "127.0.0.1", method, headers, path: url });
  const answered = new Promise<IncomingMessage>((resolve, reject) => upstream.once("response", resolve).once("error", reject));
  answered.catch(() => {});
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    const room = fault?.kind === "cut-request" ? fault.after - seen.bytes : Number.POSITIVE_INFINITY;
    seen.bytes += Math.min(chunk.length, room);
    upstream.write(chunk.subarray(0, Math.min(chunk.length, room)));
    if (chunk.length >= room) {
      upstream.destroy();
      incoming.socket.destroy();
      return;
    }
  }
  upstream.end();
  const answer = await answered;
  seen.status = answer.statusCode ?? 0;
  if (fault?.kind === "lose-answer") {
    answer.resume();
    await new Promise((resolve) => answer.once("end", resolve));
    incoming.socket.destroy();
    return;
  }
  outgoing.writeHead(seen.status, answer.headers);
  let sent = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    const room = fault?.kind === "cut-answer" ? fault.after - sent : Number.POSITIVE_INFINITY;
    if (fault?.kind === "corrupt" && sent === 0) chunk[0] = (chunk[0] ?? 0) ^ 1;
    sent += chunk.length;
    outgoing.write(chunk.subarray(0, Math.min(chunk.length, room)));
    if (chunk.length >= room) {
      incoming.socket.destroy();
      return;
    }
  }
  outgoing.end();
}
