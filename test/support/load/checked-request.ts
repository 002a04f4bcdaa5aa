import { createHash, randomBytes } from "node:crypto";
import { type Agent, type IncomingMessage, request } from "node:http";
import { performance } from "node:perf_hooks";
import { gunzipSync } from "node:zlib";
import type { Outcome } from "./load-report.ts";

/** Where a load is sent. */
export interface Target {
  /** Left out: 127.0.0.1. */
  readonly address?: string;
  readonly port: number;
  /** The name in the request's Host, without port. */
  readonly host: string;
}

/** A request, and the one body that is right. Its answers come from test/fixtures/steady-app. */
export interface CheckedRequest {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
  readonly expected: Buffer;
  /** Milliseconds after which it counts as failed. */
  readonly deadline: number;
  /** The body is sent at so many bytes a second; left out, at once. */
  readonly bytesPerSecond?: number;
}

const DEADLINE = 30_000;
const id = (): string => randomBytes(16).toString("hex");

/** A page of so many lines that nobody has asked for before; `seconds` is how long PHP sleeps in its middle. */
export function pageRequest(lines: number, options: { readonly gzip?: boolean; readonly seconds?: number } = {}): CheckedRequest {
  const nonce = id();
  const { gzip = false, seconds } = options;
  const digest = (line: number): string =>
    `${createHash("sha256")
      .update(`${nonce} ${String(line)}`)
      .digest("hex")}\n`;
  return {
    method: "GET",
    path: `/page.php?nonce=${nonce}&lines=${String(lines)}${seconds === undefined ? "" : `&seconds=${String(seconds)}`}`,
    headers: gzip ? { "accept-encoding": "gzip" } : {},
    body: undefined,
    expected: Buffer.from(Array.from({ length: lines }, (_, line) => digest(line)).join("")),
    deadline: DEADLINE + (seconds ?? 0) * 1000,
  };
}

/** A body of random bytes that the site stores by its digest, reads back and answers. */
export function echoRequest(bytes: number, bytesPerSecond?: number): CheckedRequest {
  const own = id();
  const body = randomBytes(bytes);
  return {
    method: "POST",
    path: `/echo.php?id=${own}`,
    headers: { "content-type": "application/octet-stream", "content-length": String(bytes) },
    body,
    expected: Buffer.from(`${own} ${String(bytes)} ${createHash("sha256").update(body).digest("hex")}\n`),
    deadline: DEADLINE + (bytesPerSecond === undefined ? 0 : (bytes / bytesPerSecond) * 1000),
    ...(bytesPerSecond === undefined ? {} : { bytesPerSecond }),
  };
}

/**
 * Sends one request and compares the whole answer: status, every byte, nothing more. `agent` false is a connection of its own.
 * A kept connection that is closed before the answer's first byte is no failure yet: HTTP lets servers close idle connections at any time
 * (RFC 9112, 9.5; nginx does it when it reloads), and browsers and curl then send the request again on a new one. So does this, once, and
 * counts it. Had the site done the first one all the same, it would refuse the second: the ids of bodies are unique there.
 * Never throws: what went wrong is in the outcome.
 */
export async function sendChecked(target: Target, wanted: CheckedRequest, agent: Agent | false, phase: string): Promise<Outcome> {
  const at = new Date().toISOString();
  const started = performance.now();
  const first = await attempt(target, wanted, agent);
  const resent = first.closedIdle;
  const { reason, release } = resent ? await attempt(target, wanted, false) : first;
  const { method, path } = wanted;
  const milliseconds = performance.now() - started;
  const { reused } = first;
  const failure =
    reason === undefined ? undefined : { at, phase, request: `${method} ${path}`, reason, after: Math.round(milliseconds), reused };
  return { method, phase, milliseconds, reused, resent, release, failure };
}

interface Attempt {
  /** What is wrong with the answer. */
  readonly reason: string | undefined;
  readonly release: string;
  readonly reused: boolean;
  /** The connection was a kept one, and was closed before anything was answered. */
  readonly closedIdle: boolean;
}

function attempt(target: Target, { method, path, body, deadline, ...wanted }: CheckedRequest, agent: Agent | false): Promise<Attempt> {
  return new Promise((resolve) => {
    const host = target.port === 80 ? target.host : `${target.host}:${String(target.port)}`;
    const sent = request({
      host: target.address ?? "127.0.0.1",
      port: target.port,
      method,
      path,
      headers: { host, ...wanted.headers },
      agent,
    });
    let slowly: NodeJS.Timeout | undefined;
    let answered = false;
    const end = (reason: string | undefined, release: string, closed = false): void => {
      clearTimeout(patience);
      clearTimeout(slowly);
      if (reason !== undefined) sent.destroy();
      const reused = sent.reusedSocket;
      resolve({ reason, release, reused, closedIdle: closed && reused && !answered }); // only the first call counts
    };
    const patience = setTimeout(() => {
      end(`no whole answer in ${String(deadline / 1000)} s`, "");
    }, deadline);
    sent.once("error", (error: NodeJS.ErrnoException) => {
      end(`no answer: ${error.message}`, "", error.code === "ECONNRESET" || error.code === "EPIPE");
    });
    sent.on("error", () => undefined); // more of the same
    sent.once("response", (response) => {
      answered = true;
      readWhole(response, (chunks, broken) => {
        const release = String(response.headers["x-release"] ?? "");
        end(broken === undefined ? faultOf(response, Buffer.concat(chunks), wanted.expected) : broken, release);
      });
    });
    if (body === undefined || wanted.bytesPerSecond === undefined) sent.end(body);
    else slowly = sendSlowly(body, wanted.bytesPerSecond, (part) => (part === undefined ? sent.end() : sent.write(part)));
  });
}

function readWhole(response: IncomingMessage, done: (chunks: readonly Buffer[], broken: string | undefined) => void): void {
  const chunks: Buffer[] = [];
  response.on("data", (chunk: Buffer) => chunks.push(chunk));
  response.once("error", (error) => {
    const bytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    done(chunks, `${String(response.statusCode)} that broke off after ${String(bytes)} bytes: ${error.message}`);
  });
  response.once("end", () => {
    done(chunks, undefined);
  });
}

/** What is wrong with a whole answer, or nothing. */
function faultOf(response: IncomingMessage, raw: Buffer, expected: Buffer): string | undefined {
  const status = response.statusCode ?? 0;
  let body = raw;
  try {
    if (response.headers["content-encoding"] === "gzip") body = gunzipSync(raw);
  } catch (error) {
    return `${String(status)} whose gzip is broken after ${String(raw.length)} bytes: ${error instanceof Error ? error.message : String(error)}`;
  }
  if (status !== 200) return `${String(status)} with ${JSON.stringify(body.toString("latin1", 0, 200))}`;
  if (body.length !== expected.length) return `200 with ${String(body.length)} bytes instead of ${String(expected.length)}`;
  return body.equals(expected) ? undefined : "200 with another body than was asked for";
}

const PART_MS = 100;

/** Hands out parts in time; nothing when it is over. Answers the timer that sends the next. */
function sendSlowly(body: Buffer, bytesPerSecond: number, send: (part: Buffer | undefined) => void): NodeJS.Timeout {
  const size = Math.ceil((bytesPerSecond * PART_MS) / 1000);
  let offset = 0;
  const timer = setInterval(() => {
    send(offset < body.length ? body.subarray(offset, offset + size) : undefined);
    if (offset >= body.length) clearInterval(timer);
    offset += size;
  }, PART_MS);
  return timer;
}
