import type { Clock } from "../kernel/clock.ts";
import type { StructuredLog } from "../kernel/structured-log.ts";

/** What the recovery task is made of. */
export interface RecoveryParts {
  /** Finishes or undoes rollouts whose command was killed; answers what it did, and what it could not do yet. */
  readonly recover: () => Promise<{
    readonly did: readonly string[];
    readonly failed: readonly { readonly name: string; readonly error: string }[];
  }>;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly log: StructuredLog;
}

const PERIOD_MS = 3000;
/** After a failure: the same trouble is not met again every few seconds. */
const AFTER_FAILURE_MS = 60_000;

/** Goes on where a killed command stopped, when no other command comes. */
export async function recoveryLoop({ recover, clock, signal, log }: RecoveryParts): Promise<void> {
  while (!signal.aborted) {
    let pause = PERIOD_MS;
    try {
      const { did, failed } = await recover();
      for (const action of did) log({ level: "info", msg: "rollout recovered", action });
      for (const { name, error } of failed) log({ level: "warning", msg: "rollout could not be recovered", site: name, error });
      if (failed.length > 0) pause = AFTER_FAILURE_MS;
    } catch (error) {
      if (signal.aborted) return;
      log({ level: "warning", msg: "rollouts could not be looked at", error: error instanceof Error ? error.message : String(error) });
      pause = AFTER_FAILURE_MS;
    }
    await clock.sleep(pause, signal).catch(() => undefined);
  }
}
