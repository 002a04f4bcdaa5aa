import type { ErrorCode } from "../kernel/error-catalog.ts";
import { connectionWords } from "../kernel/connection-words.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import { parseJson } from "../kernel/parse-json.ts";

/** A named failure, with what is known of asking again. Never leaves this folder: callers get `error`. */
export interface ApiFailure {
  readonly error: HowdahError;
  /** `always`: the server did nothing; `when-repeatable`: nobody knows what it did, so only what may be done twice is repeated. */
  readonly again: "never" | "when-repeatable" | "always";
  /** Milliseconds that the server asks for. */
  readonly retryAfterMs: number | undefined;
  /** The server is away or has too much to do. */
  readonly trouble: boolean;
}

/** An answer that nobody asked for. */
export interface RefusedAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
  /** What was to be done: `apply Deployment blog/web`. */
  readonly what: string;
  /** The resource is one of Howdah's own. */
  readonly ours: boolean;
}

/** Kubernetes' `Status`, as far as we read it. */
export interface KubeStatus {
  readonly status?: string;
  readonly message?: string;
  readonly reason?: string;
  readonly code?: number;
  readonly details?: {
    readonly name?: string;
    readonly kind?: string;
    readonly retryAfterSeconds?: number;
    readonly causes?: readonly { readonly reason?: string; readonly message?: string; readonly field?: string }[];
  };
}

/** The object that a request names is not there. Reading it, that is an answer; changing it, somebody deleted it meanwhile. */
export class ObjectMissing extends HowdahError {
  constructor(message: string) {
    super("cluster/conflict", message);
  }
}

/** The failure that an answer means, in the server's own words. */
export function failureOf(answer: RefusedAnswer): ApiFailure {
  const status = statusOf(answer.body);
  const words = wordsOf(status, answer.body);
  const message = `The API server does not ${answer.what}: ${words} (${String(answer.status)})`;
  const retryAfterMs = retryAfterOf(answer.headers["retry-after"]) ?? retryAfterOf(String(status.details?.retryAfterSeconds));
  const busy = [429, 503, 504].includes(answer.status);
  return {
    error: namedFailure(answer, status, { words, message }),
    again: answer.status === 429 ? "always" : busy || (answer.status >= 500 && retryAfterMs !== undefined) ? "when-repeatable" : "never",
    retryAfterMs,
    trouble: busy,
  };
}

function namedFailure(
  answer: RefusedAnswer,
  status: KubeStatus,
  { words, message }: { readonly words: string; readonly message: string },
): HowdahError {
  // an object that is missing has its name in the details; a kind that is not served has not
  const missing = answer.status === 404 && (status.details?.name ?? "") !== "";
  if (missing && (status.details?.kind !== "namespaces" || answer.what.includes(" Namespace "))) return new ObjectMissing(message);
  const { code, hint } = judge(answer, words, missing);
  return new HowdahError(code, message, hint === undefined ? {} : { hint });
}

/** Seconds, as API servers write it. A date, which only a proxy would write, is not worth a clock: the own backoff holds. */
function retryAfterOf(header: string | string[] | undefined): number | undefined {
  return typeof header === "string" && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}

interface Verdict {
  readonly code: ErrorCode;
  readonly hint?: string;
}

function judge({ status: http, ours }: RefusedAnswer, words: string, missing: boolean): Verdict {
  if (http === 401) return { code: "cluster/unauthorized" };
  if (http === 403) return judgeForbidden(words);
  if (http === 404 && missing) return { code: "cluster/rejected", hint: "The namespace does not exist: make it first." };
  if (http === 404 || http === 405)
    return ours
      ? { code: "cluster/not-installed" }
      : { code: "cluster/rejected", hint: "The cluster does not serve this kind of object: is what brings it installed?" };
  // an object that was made anew has another uid, and the precondition on the former's is told as a change of it
  if (http === 409 || (http === 422 && /metadata\.uid: Invalid value: .*field is immutable/.test(words)))
    return { code: "cluster/conflict" };
  if (http === 410) return { code: "cluster/expired" };
  // server-side apply says 500 for an object that does not fit its schema: trying again can't help
  if (http === 500 && /field not declared in schema|failed to create typed patch object|strict decoding error/.test(words))
    return { code: "cluster/rejected" };
  if (http >= 500 || http === 429 || http === 408) return { code: "cluster/failed" };
  return { code: "cluster/rejected" };
}

/** 403 is said by those who decide about rights, by quotas, and by admission, whose no is about the object. */
function judgeForbidden(words: string): Verdict {
  if (/exceeded quota/.test(words))
    return {
      code: "cluster/forbidden",
      hint: "The namespace's quota is used up: raise it, or free some of it (`kubectl describe quota`).",
    };
  const stream = /cannot (?:get|create) resource "(pods\/(?:exec|portforward))"/.exec(words)?.[1];
  if (stream !== undefined)
    return {
      code: "cluster/forbidden",
      hint: `A Role with the verbs \`get\` and \`create\` on ${stream} fits every Kubernetes: a stream over a WebSocket is asked for by \`get\` up to 1.34, by \`create\` from 1.35 on. Developers of a Tenant (\`spec.roles\`) have both for pods/exec.`,
    };
  if (/being terminated/.test(words)) return { code: "cluster/conflict", hint: "The namespace is being deleted: wait until it is gone." };
  return { code: / cannot /.test(words) ? "cluster/forbidden" : "cluster/rejected" };
}

/** A `Status` in an answer's body or in an ERROR event; empty when it is none. */
export function statusOf(body: string): KubeStatus {
  const read = parseJson(body);
  return typeof read === "object" && read !== null && !Array.isArray(read) ? read : {};
}

/** The message, and what causes say beyond it: `spec.replicas: Invalid value`. One line; of foreign bodies (a proxy's page) the beginning. */
export function wordsOf({ message, details }: KubeStatus, body: string): string {
  const said = typeof message === "string" && message !== "" ? message : body;
  const causes = (details?.causes ?? [])
    .map(({ field, message: cause }) => [field, cause].filter((one) => typeof one === "string" && one !== "").join(": "))
    .filter((cause) => cause !== "" && !cause.split(": ").every((part) => said.includes(part)));
  const all = [said, ...causes].join("; ").replaceAll(/\s+/g, " ").trim();
  return all === "" ? "it gives no reason" : all.length > 2000 ? `${all.slice(0, 2000)}…` : all;
}

const UNTRUSTED =
  /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|ERR_TLS_CERT_ALTNAME_INVALID|HOSTNAME_MISMATCH|INVALID_CA|PATH_LENGTH_EXCEEDED|ERR_SSL_)/;

/** Nothing was sent: the same may be asked again, whatever it is. */
const NOT_CONNECTED = new Set(["ECONNREFUSED", "EHOSTUNREACH", "ENETUNREACH", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"]);

const wordsFor: Readonly<Record<string, string>> = {
  ...connectionWords,
  ENOTFOUND: "is not known to the name server",
  EHOSTUNREACH: "can't be reached: there is no way to it",
  ENETUNREACH: "can't be reached: there is no way to it",
};

/** The failure that a broken connection means; the names are Node's and undici's. */
export function connectionFailure(error: unknown, server: string): ApiFailure {
  const code = codeOf(error);
  if (UNTRUSTED.test(code)) {
    return {
      error: new HowdahError("cluster/unreachable", `${server} and this machine do not trust one another's certificates (${code})`, {
        cause: error,
        hint: "Does the context's certificate authority belong to this server, and is its address in the server's certificate?",
      }),
      again: "never",
      retryAfterMs: undefined,
      trouble: false,
    };
  }
  const words = wordsFor[code] ?? `can't be reached (${code === "" && error instanceof Error ? error.message : code})`;
  return {
    error: new HowdahError("cluster/unreachable", `${server} ${words}`, { cause: error }),
    again: code === "ENOTFOUND" ? "never" : NOT_CONNECTED.has(code) ? "always" : "when-repeatable",
    retryAfterMs: undefined,
    trouble: true,
  };
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  if (error instanceof AggregateError) return codeOf(error.errors[0]);
  const code = "code" in error && typeof error.code === "string" ? error.code : "";
  return code === "" ? codeOf(error.cause) : code;
}
