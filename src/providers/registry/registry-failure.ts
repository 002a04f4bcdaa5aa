import type { ErrorCode } from "../../kernel/error-catalog.ts";
import { connectionWords } from "../../kernel/connection-words.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { mayPass, parseRetryAfter } from "./retry-decision.ts";

/** A failure that may be gone in a moment: a busy server, a broken connection. Never leaves this folder: `persist` repeats or names it. */
export class PassingFailure extends Error {
  /** `registry.example.org says 429`: what progress shows while it waits. */
  readonly why: string;
  /** Milliseconds that the server asks for. */
  readonly retryAfterMs: number | undefined;
  readonly #code: ErrorCode;

  constructor(why: string, options: ErrorOptions & { readonly retryAfterMs?: number | undefined; readonly code?: ErrorCode } = {}) {
    super(why, options.cause === undefined ? undefined : { cause: options.cause });
    this.why = why;
    this.retryAfterMs = options.retryAfterMs;
    this.#code = options.code ?? "registry/unreachable";
  }

  /** The same failure when nobody waits any longer. */
  named(because: string): HowdahError {
    return new HowdahError(this.#code, `${this.why}: ${because}`, { cause: this });
  }
}

/** An answer that nobody asked for, as far as its words are needed. */
export interface RefusedAnswer {
  readonly host: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What the registry says, at most a line, without secrets. */
  readonly words: string;
  /** What was to be done: `push of team/blog/web`. */
  readonly what: string;
  /** Milliseconds since the epoch, for a `Retry-After` that is a date. */
  readonly now: number;
}

/** The failure that an answer means. */
export function failureOf({ host, status, headers, words, what, now }: RefusedAnswer): PassingFailure | HowdahError {
  const said = words === "" ? "" : ` (${words})`;
  if (status === 429) {
    const retryAfterMs = parseRetryAfter(headers["retry-after"], now);
    return new PassingFailure(`${host} says 429, too many requests${said}`, { retryAfterMs, code: "registry/rate-limited" });
  }
  if (mayPass(status)) {
    return new PassingFailure(`${host} says ${status}${said}`, { retryAfterMs: parseRetryAfter(headers["retry-after"], now) });
  }
  if (status === 401 || status === 403)
    return new HowdahError("registry/unauthorized", `${host} does not allow the ${what}: it says ${status}${said}`);
  if (status === 404) return new HowdahError("registry/not-found", `${host} does not have what the ${what} needs${said}`);
  if (status === 413) {
    return new HowdahError("registry/refused", `${host} takes no request as large as the ${what} needs: it says 413`, {
      hint: "A proxy before the registry has a limit: nginx needs `client_max_body_size 0;`.",
    });
  }
  return new HowdahError("registry/refused", `${host} refuses the ${what}: it says ${status}${said}`);
}

const UNTRUSTED =
  /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_EXCEEDED|ERR_SSL_SSLV3_ALERT|ERR_SSL_TLSV1_ALERT|ERR_SSL_TLSV13_ALERT)/;

/** The failure that a broken connection means; the names are Node's and undici's. */
export function connectionFailure(error: unknown, host: string): PassingFailure | HowdahError {
  const code = codeOf(error);
  if (UNTRUSTED.test(code)) {
    return new HowdahError("registry/untrusted", `${host} shows a certificate that this machine does not trust (${code})`, {
      cause: error,
    });
  }
  if (code === "ENOTFOUND") return new HowdahError("registry/unreachable", `There is no host ${host}`, { cause: error });
  return new PassingFailure(`${host} ${connectionWords[code] ?? `can't be reached${code === "" ? "" : ` (${code})`}`}`, { cause: error });
}

/** Whether the other side speaks no TLS. */
export function speaksNoTls(error: unknown): boolean {
  return ["ERR_SSL_WRONG_VERSION_NUMBER", "ERR_SSL_PACKET_LENGTH_TOO_LONG", "EPROTO"].includes(codeOf(error));
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return code === "" ? codeOf(error.cause) : code;
}
