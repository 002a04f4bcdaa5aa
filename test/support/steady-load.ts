import { createHash } from "node:crypto";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

/** One kind of request that is sent again and again. */
export interface LoadRequest {
  readonly path: string;
  readonly body?: string;
  /** What is wrong with an answer, or undefined. */
  readonly wrong: (status: number, body: string) => string | undefined;
}

/** A small load that runs beside something else. */
export interface SteadyLoad {
  /** Ends it; answers how many requests went well and what was wrong with the others. */
  stop(): Promise<{ readonly good: number; readonly wrong: readonly string[] }>;
}

function send(port: number, host: string, { path, body, wrong }: LoadRequest): Promise<string | undefined> {
  return new Promise((resolve) => {
    const sent = request(
      {
        host: "127.0.0.1",
        port,
        path,
        method: body === undefined ? "GET" : "POST",
        headers: { host: `${host}:${String(port)}`, ...(body === undefined ? {} : { "content-type": "text/plain" }) },
        agent: false, // each request its own connection: a reused one may be closed by a server just then, which HTTP allows
        timeout: 60_000,
      },
      (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (part: string) => (text += part));
        response.once("error", (error) => {
          resolve(`${path}: the answer broke off: ${error.message}`);
        });
        response.once("end", () => {
          const found = wrong(response.statusCode ?? 0, text);
          resolve(found === undefined ? undefined : `${path}: ${found}`);
        });
      },
    );
    sent.once("timeout", () => sent.destroy(new Error("no answer in 60 s")));
    sent.once("error", (error) => {
      resolve(`${path}: ${error.message}`);
    });
    sent.end(body);
  });
}

/** Sends every request over and over, each in a loop of its own with a short pause, until it is stopped. */
export function steadyLoad(port: number, host: string, requests: readonly LoadRequest[]): SteadyLoad {
  const end = new AbortController();
  let good = 0;
  const wrong: string[] = [];
  const loops = requests.map(async (one) => {
    while (!end.signal.aborted) {
      const found = await send(port, host, one);
      if (found === undefined) good++;
      else wrong.push(`${new Date().toISOString()} ${found}`);
      await sleep(60);
    }
  });
  return {
    async stop() {
      end.abort();
      await Promise.all(loops);
      return { good, wrong };
    },
  };
}

/** A PHP file that answers with a word of its release and the digest of what it was sent. */
export function echoScript(release: string): string {
  return `<?php\nheader('Content-Type: text/plain');\necho '${release} ', hash('sha256', file_get_contents('php://input'));\n`;
}

/** A request that only the echo script answers rightly: the whole body came through, once. */
export function echoRequest(path: string, bytes: number): LoadRequest {
  const body = "howdah ".repeat(Math.ceil(bytes / 7));
  const digest = createHash("sha256").update(body).digest("hex");
  return {
    path,
    body,
    wrong: (status, text) => (status === 200 && text.endsWith(` ${digest}`) ? undefined : `${String(status)} with ${text.slice(0, 120)}`),
  };
}

/** A page that must be whole. */
export function pageRequest(path: string, contains: string): LoadRequest {
  return {
    path,
    wrong: (status, text) => (status === 200 && text.includes(contains) ? undefined : `${String(status)} with ${text.slice(0, 120)}`),
  };
}
