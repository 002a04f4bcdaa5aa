import { HowdahError } from "../kernel/howdah-error.ts";
import type { Engine, EngineContext } from "../engine/engine.ts";
import type { Step } from "../plan/step.ts";

/**
 * Performs a plan's steps in order and reports each. It decides nothing: order and reasons are the plan's.
 * The first failure ends it; what was done is in the engine's inventory, so the same plan made again goes on from there.
 */
export async function applyPlan(namespace: string, steps: readonly Step[], engine: Engine, context: EngineContext): Promise<void> {
  for (const step of steps) await applyStep(namespace, step, engine, context);
}

/**
 * The same for a namespace in which nothing serves yet: volumes are made side by side, and a server of its own starts beside the pods that wait for it. All
 * of it has ended when this does, well or not.
 */
export async function applyPlanBeside(namespace: string, steps: readonly Step[], engine: Engine, context: EngineContext): Promise<void> {
  const apply = (step: Step): Promise<void> => applyStep(namespace, step, engine, context);
  const isNew = (kind: string) => (step: Step) => step.do === "create" && step.key.startsWith(`${kind}/`);
  const claims = steps.filter(isNew("PersistentVolumeClaim"));
  await all(claims.map(apply));
  const servers = steps.filter(isNew("StatefulSet"));
  const others = steps.filter((step) => !claims.includes(step) && !servers.includes(step));
  const [before, pods] = [others.filter(({ key }) => !isPods(key)), others.filter(({ key }) => isPods(key))];
  await applyPlan(namespace, before, engine, context);
  await all([...servers.map(apply), applyPlan(namespace, pods, engine, context)]);
}

function isPods(key: string): boolean {
  return key.startsWith("Deployment/") || key.startsWith("HTTPRoute/");
}

/** The first failure, once nothing goes on any more. */
async function all(works: readonly Promise<void>[]): Promise<void> {
  const settled = await Promise.allSettled(works);
  const failed = settled.find((one) => one.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

async function applyStep(namespace: string, step: Step, engine: Engine, context: EngineContext): Promise<void> {
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
