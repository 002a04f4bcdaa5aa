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

/** Steps of one of many sites are details of its own task: a list of hundreds is read line by line. */
export function withDetail(id: string, context: EngineContext): EngineContext {
  return {
    ...context,
    emit: (event) => {
      if (event.type === "task-started") context.emit({ type: "task-progress", id, detail: event.title });
      else if (event.type === "notice" && event.level === "warning") context.emit(event);
    },
  };
}
