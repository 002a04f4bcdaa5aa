import type { IncomingMessage } from "node:http";
import type { WebSocket } from "ws";
import type { Clock } from "../kernel/clock.ts";
import type { ApiConnection, ApiRequest } from "./api-connection.ts";
import type { Credential } from "./credentials.ts";
import { deadline } from "./deadline.ts";

/** What is opened: a subresource of a pod that speaks in numbered channels. */
export interface ChannelRequest {
  readonly server: string;
  readonly clock: Clock;
  /** With its query. */
  readonly path: string;
  /** Kubernetes' names for the way channels are multiplexed, the best first. */
  readonly protocols: readonly string[];
  readonly what: string;
}

/** Frames to and from a pod; each has the number of its channel as its first byte. */
export interface ChannelSocket {
  /** What both agreed upon. */
  readonly protocol: string;
  /** Resolves when the data has left this process: waiting for it is the back-pressure. */
  send(channel: number, data: Uint8Array): Promise<void>;
  pause(): void;
  resume(): void;
  /** Gives up the connection without a word. */
  terminate(): void;
}

/** Called as frames come. `end` is called once, after the last frame; with an error when the connection broke. */
export interface ChannelListener {
  frame(channel: number, data: Buffer): void;
  end(error: Error | undefined): void;
}

const HANDSHAKE_MS = 30_000;
/** Frames of a gigabyte are no frames. */
const MAX_FRAME = 32 * 1024 * 1024;

/**
 * Opens a WebSocket to a pod. The client library's own handler has no back-pressure and loses the server's words when it refuses. Errors: as
 * of every request; the signal ends an open connection, too.
 */
export async function openChannels(
  connection: ApiConnection,
  request: ChannelRequest,
  listener: ChannelListener,
  signal: AbortSignal,
): Promise<ChannelSocket> {
  const { WebSocket } = await import("ws");
  using end = deadline(request.clock, HANDSHAKE_MS, signal);
  const wanted = { what: request.what, repeatable: true, ours: false };
  try {
    const socket = await connection.persist(wanted, end.signal, (credential) =>
      handshake(WebSocket, connection, { ...request, wanted, credential }, end.signal),
    );
    return attach(socket, listener, AbortSignal.any([signal, connection.closed]));
  } catch (error) {
    throw end.named(error, `${request.server} did not ${request.what} in time`);
  }
}

interface Handshake extends ChannelRequest {
  readonly wanted: Pick<ApiRequest, "what" | "ours">;
  readonly credential: Credential;
}

/** Resolves with an open socket that is paused: nothing is lost before somebody listens. */
function handshake(
  Socket: typeof WebSocket,
  connection: ApiConnection,
  { server, path, protocols, wanted, credential }: Handshake,
  signal: AbortSignal,
): Promise<WebSocket> {
  return new Promise((resolve, reject) => {
    const url = `${server.replace(/\/$/, "").replace(/^http/, "ws")}${path}`;
    const socket = new Socket(url, protocols, {
      ...credential.nodeOptions,
      // no pings: a server that waits for a slow program does not answer them
      keepAlive: true,
      keepAliveInitialDelay: 30_000,
      perMessageDeflate: false,
      handshakeTimeout: HANDSHAKE_MS,
      maxPayload: MAX_FRAME,
      followRedirects: false,
    });
    const abort = (): void => {
      socket.terminate();
    };
    const settle = (): void => {
      signal.removeEventListener("abort", abort);
    };
    signal.addEventListener("abort", abort, { once: true });
    socket.on("open", () => {
      settle();
      socket.pause();
      resolve(socket);
    });
    socket.on("error", (error) => {
      settle();
      reject(connection.broken(error));
    });
    socket.on("unexpected-response", (clientRequest, answer) => {
      settle();
      const wire = answer.socket;
      void refusalOf(answer).then((body) => {
        clientRequest.destroy();
        wire.destroy(); // a request whose answer was read is over and lets go of its connection, which would stay open: the process could not end
        reject(connection.refused(wanted, { status: answer.statusCode ?? 500, headers: answer.headers, body }));
      });
    });
  });
}

function attach(socket: WebSocket, listener: ChannelListener, signal: AbortSignal): ChannelSocket {
  let failure: Error | undefined;
  const abort = (): void => {
    socket.terminate();
  };
  signal.addEventListener("abort", abort, { once: true });
  if (signal.aborted) abort();
  socket.on("error", (error) => {
    failure = error;
  });
  socket.on("message", (data) => {
    if (data.length > 0) listener.frame(data.readUInt8(0), data.subarray(1));
  });
  socket.on("close", () => {
    signal.removeEventListener("abort", abort);
    listener.end(failure);
  });
  socket.resume();
  return {
    protocol: socket.protocol,
    send: (channel, data) =>
      new Promise((resolve, reject) => {
        const frame = Buffer.allocUnsafe(data.length + 1);
        frame.writeUInt8(channel, 0);
        frame.set(data, 1);
        socket.send(frame, (error) => {
          if (error === undefined || error === null) resolve();
          else reject(error);
        });
      }),
    pause: () => {
      socket.pause();
    },
    resume: () => {
      socket.resume();
    },
    terminate: () => {
      socket.terminate();
    },
  };
}

async function refusalOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > 256 * 1024) break;
    }
  } catch {
    // the status says enough
  }
  return Buffer.concat(chunks).toString("utf8");
}
