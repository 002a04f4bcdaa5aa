import type { Readable } from "node:stream";
import { Agent, type Dispatcher, ProxyAgent, request, Socks5ProxyAgent } from "undici";
import type { Clock } from "../kernel/clock.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import { type ApiFailure, connectionFailure, failureOf } from "./api-failure.ts";
import type { Credential, Credentials } from "./credentials.ts";
import { deadline } from "./deadline.ts";
import type { RateLimit } from "./rate-limit.ts";

/** One request to the API server. */
export interface ApiRequest {
  readonly method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** From the root of the API: `/api/v1/pods`. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly contentType?: string;
  readonly body?: string;
  /** For messages, after "does not": `apply Deployment blog/web`. */
  readonly what: string;
  /** Doing it twice is the same as once. */
  readonly repeatable: boolean;
  /** About a resource of Howdah's own, for the advice when it is missing. */
  readonly ours?: boolean;
}

/** What a connection needs. */
export interface ConnectionOptions {
  readonly credentials: Credentials;
  /** `https://10.88.0.1:6443`, with a path where the API is below one. */
  readonly server: string;
  readonly clock: Clock;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly limit: RateLimit;
  /** `howdah/0.1.0`, for the server's audit log. */
  readonly userAgent: string;
  /** A call that gets no answer has failed after this, repetitions included. */
  readonly deadlineMs: number;
  /** Failures that may pass are repeated for so long. */
  readonly patienceMs: number;
  /** Called right before a request that changes something goes out, repetitions included; what it throws ends the call. */
  readonly beforeWrite: () => void;
}

/** One attempt gets so long: the API server itself gives up after 60 s, webhooks in it after 30. */
const ATTEMPT_MS = 35_000;
const LONGEST_ERROR = 256 * 1024;

/** Failed once and for all, or for this time; `connection.call` decides. */
class Refused extends Error {
  readonly failure: ApiFailure;
  readonly status: number;

  constructor(failure: ApiFailure, status: number) {
    super(failure.error.message);
    this.failure = failure;
    this.status = status;
  }
}

/** HTTP to one API server: credentials, proxies, rate limit, deadlines, repetition. Speaks HTTP/1.1, where a watch can't hold up others. */
export class ApiConnection {
  readonly #options: ConnectionOptions;
  #dispatcher: { readonly key: string; readonly dispatcher: Dispatcher } | undefined;
  /** Those of former credentials: watches may still be on them. */
  readonly #former = new Set<Dispatcher>();
  readonly #closed = new AbortController();

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  /** The answer's text. Errors: `cluster/…`; `cancelled`, or the signal's reason where it is a named failure. */
  async call(wanted: ApiRequest, signal: AbortSignal | undefined): Promise<string> {
    const { clock, server, deadlineMs } = this.#options;
    using end = deadline(clock, deadlineMs, signal);
    try {
      return await this.#persist(wanted, end.signal, async (credential) => {
        const answer = await this.#send(wanted, credential, end.signal, { headersMs: ATTEMPT_MS, bodyMs: ATTEMPT_MS });
        return textOf(answer, server);
      });
    } catch (error) {
      throw end.named(error, `${server} did not ${wanted.what} within ${String(Math.round(deadlineMs / 1000))} s`);
    }
  }

  /** An answer that goes on: the body must be read or destroyed. `silenceMs` is how long its first byte may take; the signal ends it at any time. */
  async open(wanted: ApiRequest, silenceMs: number, signal: AbortSignal): Promise<Readable> {
    using end = deadline(this.#options.clock, this.#options.deadlineMs, signal);
    try {
      return await this.#persist(wanted, end.signal, async (credential) => {
        const { body } = await this.#send(wanted, credential, signal, { headersMs: silenceMs, bodyMs: 0 });
        body.on("error", () => {}); // whoever reads it sees it; nobody may be reading when the connection ends
        return body;
      });
    } catch (error) {
      throw end.named(error, `${this.#options.server} did not ${wanted.what} in time`);
    }
  }

  /** The same judgement for requests that are sent another way (WebSockets). */
  persist<T>(
    wanted: Pick<ApiRequest, "what" | "repeatable" | "ours">,
    signal: AbortSignal,
    attempt: (credential: Credential) => Promise<T>,
  ): Promise<T> {
    return this.#persist(wanted, signal, attempt);
  }

  refused(
    wanted: Pick<ApiRequest, "what" | "ours">,
    answer: { status: number; headers: Dispatcher.ResponseData["headers"]; body: string },
  ): Error {
    return new Refused(failureOf({ ...answer, what: wanted.what, ours: wanted.ours ?? false }), answer.status);
  }

  broken(error: unknown): Error {
    return new Refused(connectionFailure(error, this.#options.server), 0);
  }

  /** Aborted by `close`: what goes by connections of its own (WebSockets) ends then, too. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** Ends everything that is under way, on connections of former credentials, too; whatever asks after that is refused. */
  close(): void {
    this.#closed.abort(closedError());
    for (const dispatcher of [...this.#former, ...(this.#dispatcher === undefined ? [] : [this.#dispatcher.dispatcher])])
      void dispatcher.destroy();
    this.#former.clear();
    this.#dispatcher = undefined;
  }

  async #persist<T>(
    wanted: Pick<ApiRequest, "repeatable">,
    signal: AbortSignal,
    attempt: (credential: Credential) => Promise<T>,
  ): Promise<T> {
    const { clock, random, limit, credentials, patienceMs } = this.#options;
    const started = clock.now();
    let renewed = false;
    for (let failures = 0; ; failures += 1) {
      await limit.take(signal);
      const credential = await credentials.current();
      try {
        return await attempt(credential);
      } catch (error) {
        signal.throwIfAborted();
        if (!(error instanceof Refused)) throw error;
        const { failure, status } = error;
        if (failure.trouble) limit.trouble();
        if (status === 401 && !renewed) {
          renewed = true;
          await credentials.forget(credential);
          continue;
        }
        const left = patienceMs - (clock.now() - started);
        const waitMs = Math.max(failure.retryAfterMs ?? 0, Math.min(8000, 250 * 2 ** Math.min(failures, 8)) * (0.5 + random() / 2));
        const may = failure.again === "always" || (failure.again === "when-repeatable" && wanted.repeatable);
        if (!may || waitMs > left) throw failure.error;
        await clock.sleep(waitMs, signal);
      }
    }
  }

  async #send(
    wanted: ApiRequest,
    credential: Credential,
    signal: AbortSignal,
    { headersMs, bodyMs }: { readonly headersMs: number; readonly bodyMs: number },
  ): Promise<Dispatcher.ResponseData> {
    const { server, userAgent } = this.#options;
    if (wanted.method !== "GET") this.#options.beforeWrite();
    let answer: Dispatcher.ResponseData;
    try {
      answer = await request(urlOf(server, wanted.path, wanted.query), {
        dispatcher: this.#dispatcherFor(credential),
        method: wanted.method,
        headers: {
          accept: "application/json",
          "user-agent": userAgent,
          ...credential.headers,
          ...(wanted.body === undefined ? {} : { "content-type": wanted.contentType ?? "application/json" }),
        },
        ...(wanted.body === undefined ? {} : { body: wanted.body }),
        headersTimeout: headersMs,
        bodyTimeout: bodyMs,
        signal,
      });
    } catch (error) {
      signal.throwIfAborted();
      throw this.broken(error);
    }
    if (answer.statusCode >= 200 && answer.statusCode < 300) return answer;
    const body = await errorBody(answer);
    throw this.refused(wanted, { status: answer.statusCode, headers: answer.headers, body });
  }

  /** Connections are kept as long as what they were made with stays the same: a renewed certificate gets new ones, old ones end when idle. */
  #dispatcherFor(credential: Credential): Dispatcher {
    if (this.#closed.signal.aborted) throw closedError();
    if (this.#dispatcher?.key === credential.connectionKey) return this.#dispatcher.dispatcher;
    const former = this.#dispatcher?.dispatcher;
    if (former !== undefined) {
      this.#former.add(former);
      void former.close().finally(() => this.#former.delete(former));
    }
    const dispatcher = dispatcherFor(credential);
    this.#dispatcher = { key: credential.connectionKey, dispatcher };
    return dispatcher;
  }
}

function closedError(): HowdahError {
  return new HowdahError("cancelled", "The connection to the API server was closed");
}

/** API servers offer HTTP/2, where all watches would share one connection: not taken. 30 s of TCP keep-alive outlive load balancers. */
function dispatcherFor({ tls, proxy }: Credential): Dispatcher {
  const limits = { allowH2: false, keepAliveTimeout: 30_000 };
  const connect = { ...tls, timeout: 15_000, keepAlive: true, keepAliveInitialDelay: 30_000 };
  if (proxy === undefined) return new Agent({ ...limits, connect });
  if (proxy.startsWith("socks")) return new Socks5ProxyAgent(proxy, { ...limits, requestTls: tls });
  return new ProxyAgent({ ...limits, uri: proxy, requestTls: tls });
}

function urlOf(server: string, path: string, query: ApiRequest["query"] = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) parameters.append(name, value);
  const text = parameters.toString();
  return `${server.replace(/\/$/, "")}${path}${text === "" ? "" : `?${text}`}`;
}

async function textOf(answer: Dispatcher.ResponseData, server: string): Promise<string> {
  try {
    return await answer.body.text();
  } catch (error) {
    throw new Refused(connectionFailure(error, server), 0);
  }
}

/** A refusal's words: whatever arrives of them. */
async function errorBody({ body }: Dispatcher.ResponseData): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size > LONGEST_ERROR) break;
    }
  } catch {
    // the status says enough
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** The JSON object in an answer. Errors: `cluster/failed` when it is none: something else than an API server answers there. */
export function jsonOf(text: string, server: string): Record<string, unknown> {
  try {
    const read = JSON.parse(text) as unknown;
    if (typeof read === "object" && read !== null) return read as Record<string, unknown>;
  } catch {
    // said below
  }
  throw new HowdahError("cluster/failed", `${server} answers with something that no API server says`, { output: [text.slice(0, 200)] });
}
