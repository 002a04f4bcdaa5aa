/** The part of the library `ws` that is used; its own types are a package more. */
declare module "ws" {
  import type { EventEmitter } from "node:events";
  import type { ClientRequest, IncomingMessage } from "node:http";
  import type { RequestOptions } from "node:https";
  import type { Duplex } from "node:stream";

  export class WebSocket extends EventEmitter {
    constructor(
      url: string,
      protocols: readonly string[],
      options: RequestOptions & {
        readonly keepAlive?: boolean;
        readonly keepAliveInitialDelay?: number;
        readonly perMessageDeflate?: boolean;
        readonly handshakeTimeout?: number;
        readonly maxPayload?: number;
        readonly followRedirects?: boolean;
      },
    );
    /** The protocol that the server chose. */
    readonly protocol: string;
    /** `done` is called when the data was handed to the operating system. */
    send(data: Uint8Array, done: (error?: Error) => void): void;
    pause(): void;
    resume(): void;
    close(): void;
    terminate(): void;
    on(event: "open", listener: () => void): this;
    on(event: "message", listener: (data: Buffer, isBinary: boolean) => void): this;
    on(event: "error", listener: (error: Error) => void): this;
    on(event: "close", listener: (code: number, reason: Buffer) => void): this;
    on(event: "unexpected-response", listener: (request: ClientRequest, answer: IncomingMessage) => void): this;
  }

  /** For tests. */
  export class WebSocketServer {
    constructor(options: { readonly noServer: true; readonly handleProtocols: (offered: Set<string>) => string | false });
    handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, done: (socket: WebSocket) => void): void;
  }
}
