import { HowdahError } from "../kernel/howdah-error.ts";
import type { EngineContext } from "./ports.ts";

/** Does something that people watch: its begin, its end or why it failed are told. `id` is its own among those of a command. */
export async function shownTask<T>(id: string, title: string, { emit }: Pick<EngineContext, "emit">, work: () => Promise<T>): Promise<T> {
  emit({ type: "task-started", id, title });
  try {
    const result = await work();
    emit({ type: "task-done", id, outcome: "changed" });
    return result;
  } catch (error) {
    if (error instanceof HowdahError) emit({ type: "task-failed", id, code: error.code, message: error.message });
    throw error;
  }
}
