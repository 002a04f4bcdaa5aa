import type { Clock } from "../kernel/clock.ts";
import { HowdahError } from "../kernel/howdah-error.ts";

/** The end of a call: a time that has passed, or the caller's signal. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /**
   * What a failure is called that this end may have caused: `cluster/unreachable` with the words when the time is up; the caller's own reason
   * when that is a named failure, else `cancelled`. Other failures stay what they are.
   */
  named(error: unknown, words: string): unknown;
}

/** Gives a call its end, by the injected clock. Dispose of it when the call is over: else the clock goes on for it. */
export function deadline(clock: Clock, ms: number, outer: AbortSignal | undefined): Deadline {
  const over = new AbortController();
  const idle = new AbortController();
  clock.sleep(ms, idle.signal).then(
    () => {
      over.abort();
    },
    () => {},
  );
  return {
    signal: outer === undefined ? over.signal : AbortSignal.any([outer, over.signal]),
    named(error, words) {
      if (outer?.aborted === true) return stopped(outer, error);
      return over.signal.aborted && !(error instanceof HowdahError)
        ? new HowdahError("cluster/unreachable", words, { cause: error })
        : error;
    },
    [Symbol.dispose]() {
      idle.abort();
    },
  };
}

/** Why a call ended that its caller stopped. */
export function stopped(signal: AbortSignal, cause: unknown): HowdahError {
  const reason: unknown = signal.reason;
  return reason instanceof HowdahError ? reason : new HowdahError("cancelled", "Stopped while a cluster was spoken to", { cause });
}
