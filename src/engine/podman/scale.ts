import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext } from "../engine.ts";
import { awaitReady, type StartedPod } from "./await-ready.ts";
import type { Machine } from "./machine.ts";
import { ensureNetwork, renewNames, joinNetworks } from "./networks.ts";
import {
  beginAttempt,
  createPodAnew,
  deadlineSeconds,
  findPods,
  planPod,
  preStopSeconds,
  removePod,
  startPod,
  stopPod,
  type Workload,
} from "./pods.ts";
import { markReady, progressOf } from "./roll-workload.ts";
import { awake, type NamespaceState, objectsOf } from "./state-store.ts";

/**
 * Ends all pods of a namespace, servers of the way in first and what they need after; the inventory and all data stay. Pods go when the
 * edge has no request under way, at the latest after their preStop: whoever else asks one of them goes at the same time.
 */
export async function scaleDown(machine: Machine, namespace: string, context: EngineContext): Promise<void> {
  const state = await machine.store.change(namespace, (before) => ({ ...awake(before), down: true }));
  const pods = await findPods(machine, namespace);
  for (const pod of pods) await machine.marks.remove(pod.name);
  await refreshEdgeIfPossible(machine, context);
  await machine.jobs.stopAll(namespace, "the site was stopped");
  const wait = Math.max(0, ...workloads(state).map((workload) => preStopSeconds(workload.spec.template)));
  if (wait > 0 && pods.some((pod) => pod.infra?.state === "running")) await machine.edgeDrained(wait * 1000);
  const stateful = new Set(objectsOf(state, "StatefulSet").map((one) => one.metadata.name));
  for (const group of [pods.filter((pod) => !stateful.has(pod.workload)), pods.filter((pod) => stateful.has(pod.workload))]) {
    await Promise.all(group.map((pod) => stopPod(machine, pod)));
    for (const pod of group) await removePod(machine, pod.name);
  }
  await renewNames(machine, namespace);
}

/** A way in that can't change must not keep a site from being stopped: it may be what has to go. */
export async function refreshEdgeIfPossible(machine: Machine, context: EngineContext): Promise<void> {
  try {
    await machine.refreshEdge();
  } catch (error) {
    if (!(error instanceof HowdahError)) throw error;
    context.emit({ type: "notice", level: "warning", message: `The edge could not follow: ${error.message}` });
  }
}

/** Starts all pods of a namespace again, databases first, and waits until they serve. */
export async function scaleUp(machine: Machine, namespace: string, context: EngineContext): Promise<void> {
  await beginAttempt(machine, namespace);
  const state = await machine.store.change(namespace, (before) => ({ ...before, down: false }));
  await ensureNetwork(machine, namespace);
  for (const workload of workloads(state)) {
    await startWorkload(machine, namespace, workload, context);
    await joinNetworks(machine, namespace);
  }
  // Only now: until all serves, the way in goes on holding visitors of a namespace that slept.
  await machine.store.change(namespace, awake);
  await machine.visits.touch(namespace, machine.clock.now());
  await machine.refreshEdge();
}

/** Those that should run now. */
export function wantedWorkloads(state: NamespaceState): Workload[] {
  return workloads(state).filter((workload) => state.held?.stop.includes(workload.metadata.name) !== true);
}

/** StatefulSets first: the others wait for them. */
export function workloads(state: NamespaceState): Workload[] {
  return [...objectsOf(state, "StatefulSet"), ...objectsOf(state, "Deployment")];
}

async function startWorkload(machine: Machine, namespace: string, workload: Workload, context: EngineContext): Promise<void> {
  const found = new Map((await findPods(machine, namespace, workload.metadata.name)).map((pod) => [pod.name, pod]));
  const started: StartedPod[] = [];
  for (let replica = 0; replica < workload.spec.replicas; replica++) {
    const plan = await planPod(machine, namespace, workload, replica);
    const made = await createPodAnew(machine, plan, found.get(plan.pod));
    started.push({ plan, seen: await startPod(machine, plan, made) });
  }
  const ready = await awaitReady(machine, started, {
    deadlineMs: deadlineSeconds(workload) * 1000,
    signal: context.signal,
    progress: progressOf(context, `${workload.kind}/${workload.metadata.name}`),
  });
  await markReady(machine, namespace, workload, ready);
}
