import type { Readable } from "node:stream";
import { Agent, type Dispatcher, EnvHttpProxyAgent, request } from "undici";
import { connectionFailure } from "./registry-failure.ts";
import { trustFor } from "./trust.ts";

/** One HTTP request. A body can be opened again, since requests are repeated. */
export interface WireRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "PATCH";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: { readonly size: number; readonly open: () => Uint8Array | AsyncIterable<Uint8Array> };
}

/** One HTTP answer; its body must be read or dumped. */
export interface WireAnswer {
  readonly status: number;
  /** Names in lower case; of several of one name the first. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Readable & { dump(): Promise<void>; text(): Promise<string> };
}

/** Where TLS finds what it trusts. */
export interface WireOptions {
  readonly certificateDirectories: readonly string[];
  /** The machine's own authorities, one PEM file. */
  readonly bundle: string;
}

/** A loopback address or name: never through a proxy, and the one place where plain http needs no permission. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname.endsWith(".localhost") || /^127(\.\d+){3}$/.test(hostname) || hostname === "[::1]";
}

/** Connections to hosts, each with the trust that it needs; through the environment's proxies but on this machine. Close it when done. */
export class Wire {
  readonly #options: WireOptions;
  readonly #dispatchers = new Map<string, Promise<Dispatcher>>();

  constructor(options: WireOptions) {
    this.#options = options;
  }

  /** Sends a request and follows nothing. Errors: `PassingFailure` when the connection fails, `registry/untrusted`, `registry/unreachable`; on an abort, the abort. */
  async send(url: URL, wanted: WireRequest, signal: AbortSignal): Promise<WireAnswer> {
    signal.throwIfAborted();
    const dispatcher = await this.#dispatcherFor(url);
    try {
      const { statusCode, headers, body } = await request(url, {
        dispatcher,
        method: wanted.method,
        headers: {
          "user-agent": "howdah",
          ...wanted.headers,
          ...(wanted.body === undefined ? {} : { "content-length": String(wanted.body.size) }),
        },
        ...(wanted.body === undefined ? {} : { body: bodyOf(wanted.body.open()) }),
        signal,
      });
      body.on("error", () => {}); // whoever reads it sees it; nobody may be reading when the connection ends
      return { status: statusCode, headers: plain(headers), body };
    } catch (error) {
      signal.throwIfAborted();
      throw connectionFailure(error, url.host);
    }
  }

  async close(): Promise<void> {
    for (const dispatcher of this.#dispatchers.values()) await dispatcher.then((one) => one.destroy()).catch(() => {});
    this.#dispatchers.clear();
  }

  #dispatcherFor(url: URL): Promise<Dispatcher> {
    const there = this.#dispatchers.get(url.origin) ?? this.#connect(url);
    this.#dispatchers.set(url.origin, there);
    return there;
  }

  async #connect(url: URL): Promise<Dispatcher> {
    const { certificateDirectories, bundle } = this.#options;
    const { ca, client } = await trustFor(url.host, certificateDirectories, bundle);
    const tls = { ca: [...ca], ...client };
    const limits = { headersTimeout: 60_000, bodyTimeout: 60_000 };
    const connect = { ...tls, timeout: 15_000 };
    return isLoopback(url.hostname) ? new Agent({ ...limits, connect }) : new EnvHttpProxyAgent({ ...limits, connect, requestTls: tls });
  }
}

function bodyOf(body: Uint8Array | AsyncIterable<Uint8Array>): Uint8Array | Readable {
  return body instanceof Uint8Array ? body : (body as unknown as Readable); // undici takes any async iterable
}

function plain(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers)) {
    // several challenges may come as several lines: RFC 9110 lets them be joined
    if (value !== undefined)
      found[name] = Array.isArray(value) ? (name === "www-authenticate" ? value.join(", ") : (value[0] ?? "")) : value;
  }
  return found;
}
