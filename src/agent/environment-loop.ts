import type { Clock } from "../kernel/clock.ts";
import type { StructuredLog } from "../kernel/structured-log.ts";

/** What was done, and what could not be. */
interface Round {
  readonly did: readonly string[];
  readonly failed: readonly { readonly name: string; readonly error: string }[];
}

/** What the task is made of. */
export interface EnvironmentParts {
  /** Goes on with what killed commands left. */
  readonly recover: () => Promise<Round>;
  /** Deletes what is over, then what belongs to nobody. */
  readonly clean: readonly (() => Promise<Round>)[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: StructuredLog;
}

const PERIOD_MS = 3000;
/** Lifetimes are counted in hours. */
const CLEAN_EVERY = 20;

/** Looks after environments of this machine. A failure is tried again a minute later, with the next cleaning. */
export async function environmentLoop({ recover, clean, clock, signal, log }: EnvironmentParts): Promise<void> {
  const round = async (work: () => Promise<Round>): Promise<boolean> => {
    try {
      const { did, failed } = await work();
      for (const action of did) log({ level: "info", msg: "environments", action });
      for (const { name, error } of failed)
        if (!signal.aborted) log({ level: "warning", msg: "an environment could not be looked after", site: name, error });
      return failed.length === 0;
    } catch (error) {
      if (!signal.aborted)
        log({
          level: "warning",
          msg: "environments could not be looked at",
          error: error instanceof Error ? error.message : String(error),
        });
      return false;
    }
  };
  let isWell = true;
  for (let pass = 0; !signal.aborted; pass++) {
    const cleans = pass % CLEAN_EVERY === 0;
    if (isWell || cleans) isWell = await round(recover);
    if (cleans) for (const work of clean) await round(work);
    await clock.sleep(PERIOD_MS, signal).catch(() => undefined);
  }
}
