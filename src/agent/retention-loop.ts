import type { Clock } from "../kernel/clock.ts";
import type { AgentLog } from "./agent-loop.ts";

/** What the retention task is made of. */
export interface RetentionParts {
  /** Deletes what has been kept long enough and answers the sites' names. */
  readonly purge: () => Promise<readonly string[]>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: AgentLog;
}

/** Retention is counted in days: an hour late does not matter. */
const PERIOD_MS = 60 * 60 * 1000;

/** Deletes the data of destroyed sites when its retention ends. A failure (a database that is down) is tried again an hour later. */
export async function retentionLoop({ purge, clock, signal, log }: RetentionParts): Promise<void> {
  while (!signal.aborted) {
    try {
      for (const site of await purge()) log({ level: "info", msg: "data of a destroyed site deleted after its retention", site });
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
