import type { Clock } from "../../kernel/clock.ts";
import { PassingFailure } from "./registry-failure.ts";
import { decideRetry } from "./retry-decision.ts";

/** How long and how a piece of work is tried. */
export interface Patience {
  readonly clock: Clock;
  /** From 0 to 1: spreads machines that failed at the same moment. */
  readonly random: () => number;
  /** Milliseconds without any progress after which a failure counts. */
  readonly patienceMs: number;
  /** Told before each wait: `registry.example.org says 429, trying again in 12 s`. */
  readonly say: (words: string) => void;
  readonly signal: AbortSignal;
}

/**
 * Does a piece of work until it succeeds or fails for good. Work that fails with `PassingFailure` is done again, later; it calls `progress`
 * when anything worked, and then the patience begins anew. Errors: the work's own; `registry/unreachable` or `registry/rate-limited` when
 * the patience ends.
 */
export async function persist<T>(work: (progress: () => void) => Promise<T>, patience: Patience): Promise<T> {
  const { clock, random, patienceMs, say, signal } = patience;
  let attempt = 0;
  let since = clock.now();
  const progress = (): void => {
    attempt = 0;
    since = clock.now();
  };
  for (;;) {
    try {
      return await work(progress);
    } catch (error) {
      if (!(error instanceof PassingFailure)) throw error;
      const decision = decideRetry({ attempt, elapsedMs: clock.now() - since, retryAfterMs: error.retryAfterMs }, patienceMs, random());
      if (!decision.again) {
        const asked = seconds(error.retryAfterMs ?? 0);
        throw error.named(
          decision.because === "patience"
            ? `tried for ${seconds(patienceMs)} s, nothing worked`
            : `it asks to wait for ${asked} s, longer than the ${seconds(patienceMs)} s that are waited`,
        );
      }
      say(`${error.why}, trying again in ${seconds(decision.waitMs)} s`);
      await clock.sleep(decision.waitMs, signal);
      attempt += 1;
    }
  }
}

function seconds(milliseconds: number): string {
  return String(Math.ceil(milliseconds / 1000));
}
