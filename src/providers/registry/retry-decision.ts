/** What is known when an attempt has failed in a way that may pass. */
export interface Setback {
  /** Failures in a row before this one. */
  readonly attempt: number;
  /** Since the last time that anything worked, in milliseconds. */
  readonly elapsedMs: number;
  /** What the server asks for, if it does, in milliseconds. */
  readonly retryAfterMs: number | undefined;
}

/** Wait that long and try again, or stop: the time is up, or the server asks for more time than there is. */
export type RetryDecision =
  | { readonly again: true; readonly waitMs: number }
  | { readonly again: false; readonly because: "patience" | "asks-too-long" };

const FIRST_MS = 1000;
const LONGEST_MS = 30_000;

/**
 * Exponential backoff from 1 s to 30 s with jitter, so that many machines do not come back at the same moment; never less than the server
 * asks for (some ask for 0 s again and again). `random` is from 0 to 1. With time left but not enough for a whole wait, the last try comes
 * at its end.
 */
export function decideRetry({ attempt, elapsedMs, retryAfterMs = 0 }: Setback, patienceMs: number, random: number): RetryDecision {
  const left = patienceMs - elapsedMs;
  if (left <= 0) return { again: false, because: "patience" };
  if (retryAfterMs > left) return { again: false, because: "asks-too-long" };
  const backoff = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 16)) * (0.5 + random / 2);
  return { again: true, waitMs: Math.min(left, retryAfterMs > backoff ? retryAfterMs + random * FIRST_MS : backoff) };
}

/** Reads `Retry-After`: seconds, or a date (RFC 9110, 10.2.3). `now` is in milliseconds since the epoch. Undefined when it is neither. */
export function parseRetryAfter(header: string | undefined, now: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header) * 1000;
  // Date.parse alone would take "-5" and "2" for years
  const date = /[A-Za-z]{3}/.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Whether an answer with this status may be another one later: the server is busy, or something in between broke. */
export function mayPass(status: number): boolean {
  return [408, 425, 429, 500, 502, 503, 504].includes(status);
}
