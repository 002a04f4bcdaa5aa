import { run } from "../../src/providers/process.ts";

/** One burst of requests. */
export interface Burst {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly seconds: number;
}

/** What came back. */
export interface BurstResult {
  readonly requests: number;
  readonly perSecond: number;
  /** 99th percentile, milliseconds. */
  readonly p99: number;
}

const UNITS: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1000, m: 60_000 };

function figure(text: string, pattern: RegExp): number {
  const found = pattern.exec(text);
  if (found?.[1] === undefined) throw new Error(`wrk said something unknown:\n${text}`);
  return Number(found[1]) * (UNITS[found[2] ?? ""] ?? 1);
}

/** Runs wrk once with one thread, so that the server has a core. Fails when any answer was not a success: errors are fast, too. */
export async function wrk(burst: Burst): Promise<BurstResult> {
  const headers = Object.entries(burst.headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const limits = ["-t1", `-c${burst.connections}`, `-d${burst.seconds}s`, "--timeout", "30s", "--latency"];
  const { stdout } = await run(["wrk", ...limits, ...headers, "--", burst.url]);
  if (/Non-2xx|Socket errors/.test(stdout)) throw new Error(`${burst.url}: not all answers were good\n${stdout}`);
  return {
    requests: figure(stdout, /(\d+) requests in/),
    perSecond: figure(stdout, /Requests\/sec:\s*([\d.]+)/),
    p99: figure(stdout, /99%\s+([\d.]+)(us|ms|s|m)\b/),
  };
}
