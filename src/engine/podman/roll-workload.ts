import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ObjectKey, Rendered } from "../../render/objects.ts";
import type { EngineContext } from "../engine.ts";
import { awaitReady, type ReadyPod, type StartedPod } from "./await-ready.ts";
import { borrowOpcache } from "./borrow-opcache.ts";
import { carryOpcache } from "./carry-opcache.ts";
import { passHealthGate } from "./health-gate.ts";
import type { Machine } from "./machine.ts";
import { renewNames } from "./networks.ts";
import type { PodPlan } from "./pod-arguments.ts";
import {
  beginAttempt,
  createPod,
  createPodAnew,
  deadlineSeconds,
  type FoundPod,
  findPods,
  planPod,
  removePod,
  startPod,
  stopPod,
  templateDigest,
  type Workload,
} from "./pods.ts";
import { endPods, retire, takeOut } from "./retire.ts";
import { awake, withObject, withoutObject } from "./state-store.ts";

/**
 * Brings a workload to what is desired: new pods beside the former ones, the way in switches when all are ready, then the former end
 * gracefully. A StatefulSet's former pod is stopped first, since two may never share a volume.
 * Every step finds what an earlier, killed attempt left, so performing it again converges.
 * Errors: those of `awaitReady`; the former pods then serve as before and the inventory holds the former digest.
 */
export async function rollWorkload(
  machine: Machine,
  namespace: string,
  desired: Rendered<Workload>,
  context: EngineContext,
): Promise<void> {
  const roll = await startRoll(machine, namespace, desired, context);
  let ready: readonly ReadyPod[];
  try {
    ready = await bringUp(roll);
    await context.reached?.("switch");
  } catch (error) {
    await undo(roll);
    throw cancelledOr(error, context.signal);
  }
  // A site that slept is awake from here on; what else of it sleeps is started by healing.
  await machine.store.change(namespace, (state) => awake(withObject(state, desired, false)));
  await machine.visits.touch(namespace, machine.clock.now());
  await markReady(machine, namespace, roll.workload, ready);
  await takeOut(machine, roll.others);
  // Whoever leads the rollout ends the former pods itself, when it knows that it need not go back to them.
  if (context.reached !== undefined && roll.workload.kind === "Deployment") return;
  const busy = await endPods(machine, namespace, roll.workload, roll.others, (detail) => progressOf(context, desired.key)(detail));
  const prefix = `${machine.names.instance}.${namespace}.${roll.workload.metadata.name}.`;
  await machine.volumes.discardOthers(prefix, new Set([...roll.plans.map((plan) => plan.pod), ...busy.map((pod) => pod.name)]));
  await machine.store.change(namespace, (state) => withObject(state, desired, true));
}

/** Waiting that was aborted says only that; people must read that they did it. */
function cancelledOr(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted || error instanceof HowdahError) return error;
  return signal.reason instanceof HowdahError
    ? signal.reason
    : new HowdahError("cancelled", "Stopped while new pods were started", { cause: error });
}

interface Roll {
  readonly machine: Machine;
  readonly namespace: string;
  readonly key: ObjectKey;
  readonly workload: Workload;
  readonly plans: readonly PodPlan[];
  /** Pods of this workload that are not wanted: an older template, or one replica too many. */
  readonly others: readonly FoundPod[];
  readonly found: ReadonlyMap<string, FoundPod>;
  /** What the inventory holds until this succeeds. */
  readonly former: Workload | undefined;
  readonly context: EngineContext;
}

async function startRoll(machine: Machine, namespace: string, desired: Rendered<Workload>, context: EngineContext): Promise<Roll> {
  const workload = desired.object;
  const applied = (await beginAttempt(machine, namespace)).objects[desired.key];
  const found = await findPods(machine, namespace, workload.metadata.name);
  const former = applied === undefined ? undefined : (applied.object as Workload);
  if (former === undefined) await borrowOpcache(machine, namespace, workload);
  else await carryOpcache(machine, namespace, former.spec.template.spec, workload.spec.template.spec);
  const plans: PodPlan[] = [];
  for (let replica = 0; replica < workload.spec.replicas; replica++) plans.push(await planPod(machine, namespace, workload, replica));
  const wanted = new Set(plans.map((plan) => plan.pod));
  return {
    machine,
    namespace,
    key: desired.key,
    workload,
    plans,
    others: found.filter((pod) => !wanted.has(pod.name)),
    found: new Map(found.map((pod) => [pod.name, pod])),
    former,
    context,
  };
}

async function bringUp(roll: Roll): Promise<readonly ReadyPod[]> {
  const { machine, context, plans } = roll;
  await context.reached?.("start");
  if (roll.workload.kind === "StatefulSet") await stopOthers(roll);
  const started = await Promise.all(
    plans.map(async (plan): Promise<StartedPod> => {
      context.signal.throwIfAborted();
      const made = await createPodAnew(machine, plan, roll.found.get(plan.pod));
      return { plan, seen: await startPod(machine, plan, made) };
    }),
  );
  const ready = await awaitReady(machine, started, {
    deadlineMs: deadlineSeconds(roll.workload) * 1000,
    signal: context.signal,
    progress: progressOf(context, roll.key),
  });
  await context.reached?.("ask");
  // Without pods that serve there is nothing to protect: a person sees the page that fails, and its log.
  if (roll.others.some((pod) => pod.infra?.state === "running")) await passHealthGate(machine, roll.workload, { plans, ready }, context);
  return ready;
}

/** Progress of one object, under the task that `apply` opened for it. */
export function progressOf(context: EngineContext, key: ObjectKey): (detail: string) => void {
  return (detail) => context.emit({ type: "task-progress", id: `apply/${key}`, detail });
}

async function stopOthers(roll: Roll): Promise<void> {
  for (const pod of roll.others) {
    await roll.machine.marks.remove(pod.name);
    await stopPod(roll.machine, pod);
  }
  await renewNames(roll.machine, roll.namespace);
}

/** Takes away the pods that this attempt brought; those that the inventory's template owns stay, and a stopped StatefulSet runs again. */
async function undo(roll: Roll): Promise<void> {
  const { machine, namespace, former } = roll;
  const keep = former === undefined ? undefined : templateDigest(former.spec.template);
  for (const plan of roll.plans) {
    if (keep !== templateDigest(roll.workload.spec.template)) await removePod(machine, plan.pod);
  }
  if (former?.kind !== "StatefulSet") return;
  for (let replica = 0; replica < former.spec.replicas; replica++) {
    const plan = await planPod(machine, namespace, former, replica);
    const made = await createPod(machine, plan, roll.found.get(plan.pod));
    const seen = await startPod(machine, plan, made);
    // Also after Ctrl-C: the former server must run again before the command ends.
    const ready = await awaitReady(machine, [{ plan, seen }], {
      deadlineMs: deadlineSeconds(former) * 1000,
      signal: new AbortController().signal,
      progress: () => {},
    });
    await markReady(machine, namespace, former, ready);
  }
  await renewNames(machine, namespace);
  await machine.refreshEdge();
}

/** Writes down that pods are ready, for the way in. */
export async function markReady(machine: Machine, namespace: string, workload: Workload, ready: readonly ReadyPod[]): Promise<void> {
  for (const { pod, address, pid } of ready) {
    await machine.marks.add({ namespace, pod, labels: workload.spec.template.metadata.labels, address, pid });
  }
}

/** Deletes a workload: its pods end gracefully; volumes of claims, files and secrets stay. */
export async function deleteWorkload(machine: Machine, namespace: string, key: ObjectKey, context: EngineContext): Promise<void> {
  const applied = (await machine.store.read(namespace)).objects[key];
  const name = key.slice(key.indexOf("/") + 1);
  const kind = key.slice(0, key.indexOf("/"));
  const pods = (await findPods(machine, namespace, name)).filter(
    (pod) => (pod.infra ?? pod.containers[0])?.labels["howdah.dev/kind"] === kind,
  );
  if (applied !== undefined) await retire(machine, namespace, applied.object as Workload, pods, progressOf(context, key));
  else for (const pod of pods) await removePod(machine, pod.name);
  await renewNames(machine, namespace);
  await machine.store.change(namespace, (state) => withoutObject(state, key));
}
