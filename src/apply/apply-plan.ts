import { HowdahError } from "../kernel/howdah-error.ts";
import type { Engine, EngineContext } from "../engine/engine.ts";
import type { Step } from "../plan/step.ts";

/**
 * Performs a plan's steps in order and reports each. It decides nothing: order and reasons are the plan's.
 * The first failure ends it; what was done is in the engine's inventory, so the same plan made again goes on from there.
 */
export async function applyPlan(namespace: string, steps: readonly Step[], engine: Engine, context: EngineContext): Promise<void> {
  for (const step of steps) {
    context.signal.throwIfAborted();
    const id = `apply/${step.key}`;
    context.emit({ type: "task-started", id, title: `${step.do} ${step.key}`, parent: "apply" });
    try {
      await engine.apply(namespace, step, context);
    } catch (error) {
      const code = error instanceof HowdahError ? error.code : context.signal.aborted ? "cancelled" : "bug";
      context.emit({ type: "task-failed", id, code, message: error instanceof Error ? error.message : String(error) });
      throw error;
    }
    context.emit({ type: "task-done", id, outcome: step.do === "keep" ? "unchanged" : "changed", detail: step.because });
  }
}
