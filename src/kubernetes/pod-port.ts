import { request as httpRequest } from "node:http";
import { Duplex } from "node:stream";
import type { Clock } from "../kernel/clock.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { ApiConnection } from "./api-connection.ts";
import { type ChannelSocket, openChannels } from "./channel-socket.ts";
import { deadline } from "./deadline.ts";
import type { KubernetesApi } from "./kubernetes-api.ts";
import { objectPath, resources } from "./resources.ts";

/** A pod's port, and the way to it. */
export interface PodPort {
  readonly pod: Parameters<KubernetesApi["connectPod"]>[0];
  readonly server: string;
  readonly clock: Clock;
}

const DATA = 0;
const ERROR = 1;
const CHUNK = 32 * 1024;
/** A page that is asked for to see whether it comes; more is no page. */
const LONGEST_BODY = 8 * 1024 * 1024;

/**
 * A stream to a port of a pod. Ending it sends nothing (the protocol has no half-closed streams): the pod's side closes, or the stream is
 * destroyed. Errors: as of every request; on the stream, `cluster/failed` with the node's words when nobody listens on the port.
 */
export async function connectPod(connection: ApiConnection, { pod, server, clock }: PodPort, signal: AbortSignal): Promise<Duplex> {
  const what = `connect to port ${String(pod.port)} of ${pod.namespace}/${pod.name}`;
  const path = objectPath({ resource: resources.Pod, namespace: pod.namespace, name: pod.name }, "portforward");
  const started = { [DATA]: false, [ERROR]: false };
  let socket: ChannelSocket | undefined;
  const stream = new Duplex({
    read: () => socket?.resume(),
    write(chunk: Buffer, _encoding, done) {
      sendAll(socket, chunk).then(() => {
        done();
      }, done);
    },
    destroy(error, done) {
      socket?.terminate();
      done(error);
    },
  });
  socket = await openChannels(
    connection,
    { server, clock, path: `${path}?ports=${String(pod.port)}`, protocols: ["v4.channel.k8s.io"], what },
    {
      frame(channel, data) {
        if (channel !== DATA && channel !== ERROR) return;
        // each channel begins with the port's number, two bytes
        const content = started[channel] ? data : data.subarray(2);
        started[channel] = true;
        if (content.length === 0) return;
        if (channel === ERROR)
          stream.destroy(new HowdahError("cluster/failed", `The node does not ${what}: ${content.toString("utf8").trim()}`));
        else if (!stream.push(content)) socket?.pause();
      },
      end(error) {
        if (error === undefined) stream.push(null);
        else
          stream.destroy(
            new HowdahError("cluster/unreachable", `${server} broke the connection off that should ${what}`, { cause: error }),
          );
      },
    },
    signal,
  );
  return stream;
}

async function sendAll(socket: ChannelSocket | undefined, data: Buffer): Promise<void> {
  for (let at = 0; at < data.length; at += CHUNK) await socket?.send(DATA, data.subarray(at, at + CHUNK));
}

/**
 * One GET of a pod, over its port. The API server's own proxy is not used: it rewrites addresses in pages and in `Location`, and the pod would
 * not see the wanted `Host`. Errors: as `connectPod`; `cluster/failed` when the pod does not answer as HTTP servers do, or not in time.
 */
export async function askPod(
  connection: ApiConnection,
  { pod, request, server, clock }: PodPort & { readonly request: Parameters<KubernetesApi["askPod"]>[1] },
  signal: AbortSignal | undefined,
): ReturnType<KubernetesApi["askPod"]> {
  const where = `port ${String(pod.port)} of ${pod.namespace}/${pod.name}`;
  using end = deadline(clock, request.timeoutMs, signal);
  let stream: Duplex | undefined;
  try {
    stream = await connectPod(connection, { pod, server, clock }, end.signal);
    return await getOver(stream, request, end.signal);
  } catch (error) {
    if (signal?.aborted !== true && !(error instanceof HowdahError)) {
      const why = end.signal.aborted ? `within ${String(request.timeoutMs / 1000)} s` : `as an HTTP server (${String(error)})`;
      throw new HowdahError("cluster/failed", `${where} does not answer ${why}`, { cause: error });
    }
    throw end.named(error, `${where} does not answer in time`);
  } finally {
    stream?.destroy();
  }
}

function getOver(
  stream: Duplex,
  { path, headers }: { readonly path: string; readonly headers: Readonly<Record<string, string>> },
  signal: AbortSignal,
): Promise<{ status: number; headers: Record<string, string>; body: string }> {
  return new Promise((resolve, reject) => {
    const asked = httpRequest(
      { createConnection: () => stream, path, headers: { host: "localhost", ...headers, connection: "close" }, signal },
      (answer) => {
        const chunks: Buffer[] = [];
        let size = 0;
        answer.on("data", (chunk: Buffer) => {
          size += chunk.length;
          if (size > LONGEST_BODY) answer.destroy(new Error("the page has more than 8 MB"));
          else chunks.push(chunk);
        });
        answer.on("error", reject);
        answer.on("end", () => {
          const found: Record<string, string> = {};
          for (const [name, value] of Object.entries(answer.headers))
            if (value !== undefined) found[name] = Array.isArray(value) ? value.join(", ") : value;
          resolve({ status: answer.statusCode ?? 0, headers: found, body: Buffer.concat(chunks).toString("utf8") });
        });
      },
    );
    asked.on("error", reject);
    asked.end();
  });
}
