import type { Emit } from "../../kernel/event.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Ports } from "../ports.ts";

/** Milliseconds of one stage; stages may run side by side. */
export interface Timing {
  readonly stage: string;
  readonly milliseconds: number;
}

/** Runs a stage as a task: its time is reported, its failure is named where it happened. */
export type Stage = <T>(id: string, title: string, work: () => Promise<T>, detail?: (result: T) => string) => Promise<T>;

/** Makes the stages of one command; `timings` gets each one's time when it ends. */
export function stages(emit: Emit, ports: Pick<Ports, "clock">, signal: AbortSignal, timings: Timing[]): Stage {
  return async (id, title, work, detail) => {
    signal.throwIfAborted();
    const started = ports.clock.now();
    emit({ type: "task-started", id, title });
    try {
      const result = await work();
      const text = detail?.(result);
      timings.push({ stage: id, milliseconds: ports.clock.now() - started });
      emit({ type: "task-done", id, outcome: "changed", ...(text === undefined ? {} : { detail: text }) });
      return result;
    } catch (error) {
      emit({
        type: "task-failed",
        id,
        code: error instanceof HowdahError ? error.code : signal.aborted ? "cancelled" : "bug",
        message: error instanceof Error ? error.message : String(error),
      });
      throw error;
    }
  };
}
