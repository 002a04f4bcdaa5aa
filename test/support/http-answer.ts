import { type IncomingMessage, request } from "node:http";

/** One HTTP answer. */
export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** The same, as it came: pictures, compressed answers. */
  readonly bytes: Buffer;
}

/** What is asked: a GET unless it says otherwise. */
export interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

/** An edge gives a page up after a minute, and says so: whoever asks waits a little longer, to hear it. */
const SILENT_MS = 70_000;

/**
 * Asks a server for a path of a hostname, on a connection of its own: a kept one may be closed by a reload just as a request comes in on
 * it, which HTTP allows (the load tool counts those). Rejects when the connection fails or nothing comes for 70 s.
 */
export function httpAnswer(
  server: { readonly address: string; readonly port: number },
  hostname: string,
  path: string,
  asked: Asked = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {
      ...{ host: server.address, port: server.port, path, method: asked.method ?? "GET" },
      ...{ headers: { host: hostname, ...asked.headers }, agent: false, timeout: SILENT_MS },
    };
    const sent = request(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        const bytes = Buffer.concat(chunks);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: bytes.toString("utf8"), bytes });
      });
    });
    sent.once("timeout", () => sent.destroy(new Error(`${hostname}${path}: nothing for ${String(SILENT_MS / 1000)} s`)));
    sent.once("error", reject);
    sent.end(asked.body);
  });
}

/** An answer as tests compare it: its body, or the status when that is not 200. */
export function bodyOrStatus({ status, body }: Pick<Answer, "status" | "body">): string {
  return status === 200 ? body : String(status);
}

/** The same of an answer that may not come: `0` then. */
export function pageOf(asking: Promise<Answer>): Promise<string> {
  return asking.then(bodyOrStatus, () => "0");
}
