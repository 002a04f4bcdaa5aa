import type { Clock } from "../kernel/clock.ts";
import type { StructuredLog } from "../kernel/structured-log.ts";

/** What the priming task is made of. */
export interface PrimingParts {
  /** Compiles ahead for one site that needs it; undefined when none does. */
  readonly prime: (signal: AbortSignal) => Promise<object | undefined>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: StructuredLog;
}

/** After this long without work it looks again: a few small files are read then. */
const PERIOD_MS = 5000;

/** Compiles the code of releases that serve, one after another, so that their next start is fast. A failure costs only that. */
export async function primingLoop({ prime, clock, signal, log }: PrimingParts): Promise<void> {
  while (!signal.aborted) {
    try {
      const primed = await prime(signal);
      if (primed !== undefined) {
        log({ level: "info", msg: "code compiled for the next start", ...primed });
        continue;
      }
    } catch (error) {
      if (signal.aborted) return;
      log({
        level: "warning",
        msg: "code could not be compiled for the next start",
        error: error instanceof Error ? error.message : String(error),
      });
    }
    await clock.sleep(PERIOD_MS, signal).catch(() => undefined);
  }
}
