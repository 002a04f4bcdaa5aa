import type { Clock } from "../kernel/clock.ts";
import type { StructuredLog } from "../kernel/structured-log.ts";

/** What the retention task is made of. */
export interface RetentionParts {
  /** Deletes what has been kept long enough; answers whose data is gone, and whose could not be deleted and why. */
  readonly purge: () => Promise<{
    readonly purged: readonly string[];
    readonly failed: readonly { readonly name: string; readonly error: string }[];
  }>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Milliseconds before the first round; default 0. */
  readonly after?: number;
  readonly log: StructuredLog;
}

/** Retention is counted in days: an hour late does not matter. */
const PERIOD_MS = 60 * 60 * 1000;

/** Deletes the data of destroyed sites when its retention ends. A failure (a database that is down) is tried again an hour later. */
export async function retentionLoop({ purge, clock, signal, log, after = 0 }: RetentionParts): Promise<void> {
  if (after > 0) await clock.sleep(after, signal).catch(() => undefined);
  while (!signal.aborted) {
    try {
      const { purged, failed } = await purge();
      for (const site of purged) log({ level: "info", msg: "data of a destroyed site deleted after its retention", site });
      for (const { name, error } of failed)
        log({ level: "warning", msg: "data of a destroyed site could not be deleted", site: name, error });
    } catch (error) {
      log({
        level: "warning",
        msg: "data of destroyed sites could not be deleted",
        error: error instanceof Error ? error.message : String(error),
      });
    }
    await clock.sleep(PERIOD_MS, signal).catch(() => undefined);
  }
}
