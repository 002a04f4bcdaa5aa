import type { ObjectKey } from "../../render/objects.ts";
import type { EngineContext } from "../engine.ts";

/** Progress of one object, under the task that `apply` opened for it. */
export function progressOf(context: EngineContext, key: ObjectKey): (detail: string) => void {
  return (detail) => context.emit({ type: "task-progress", id: `apply/${key}`, detail });
}
