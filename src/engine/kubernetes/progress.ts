import type { ObjectKey } from "../../render/objects.ts";
import type { EngineContext } from "../engine.ts";

/** Progress of one object, under the task that `apply` opened for it. */
export function progressOf(context: EngineContext, key: ObjectKey): (detail: string) => void {
  return (detail) => context.emit({ type: "task-progress", id: `apply/${key}`, detail });
}

/** What keeps an object's pods from running while they are waited for, as a warning: whoever reads no progress (a status) has it, too. */
export function warnOf(context: EngineContext, name: string): (why: string) => void {
  return (why) => context.emit({ type: "notice", level: "warning", message: `${name} waits: ${why}` });
}
