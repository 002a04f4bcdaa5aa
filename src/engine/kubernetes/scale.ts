import { HowdahError } from "../../kernel/howdah-error.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { EngineContext } from "../engine.ts";
import type { Cluster } from "./cluster.ts";
import { changeState } from "./engine-state.ts";
import { stopJobs } from "./jobs.ts";
import { LOOK_MS } from "./judge-pods.ts";
import { mark } from "./marks.ts";
import { nameOf, ownOfKind } from "./own-objects.ts";
import { outlast } from "./outlast.ts";
import { madeFrom, podsOf } from "./pods.ts";
import { progressOf } from "./progress.ts";
import type { PodObject, WorkloadObject } from "./views.ts";
import { waitRollout } from "./wait-rollout.ts";

/** Longer than any pod may take to end; then somebody must look (a node that is away keeps its pods). */
const END_MS = 900_000;

/** So long after its grace a pod's node has surely not been able to end it. Clocks of machines differ by seconds. */
const OVERDUE_MS = 60_000;

/** Ends all pods of a namespace, what visitors reach first and what that needs after; objects and all data stay. */
export async function scaleDown(cluster: Cluster, name: string, context: EngineContext): Promise<void> {
  const namespace = cluster.namespace(name);
  await changeState(cluster, namespace, (state) => ({ ...state, down: true }));
  await stopJobs(cluster, namespace, "the site was stopped");
  for (const resource of [resources.Deployment, resources.StatefulSet]) {
    const group = (await ownOfKind(cluster, resource, namespace, {})) as readonly WorkloadObject[];
    for (const workload of group) await setReplicas(cluster, workload, 0);
    for (const workload of group) await awaitNoPods(cluster, namespace, { workload: workload.metadata.name }, context.signal);
  }
}

/** Starts all pods of a namespace again, databases first, and waits until they serve. Errors: those of `waitRollout`. */
export async function scaleUp(cluster: Cluster, name: string, context: EngineContext): Promise<void> {
  const namespace = cluster.namespace(name);
  await changeState(cluster, namespace, (state) => ({ ...state, down: false }));
  for (const resource of [resources.StatefulSet, resources.Deployment]) {
    const group = ((await ownOfKind(cluster, resource, namespace)) as readonly WorkloadObject[]).filter(isRendered);
    for (const workload of group) if ((workload.spec.replicas ?? 1) === 0) await setReplicas(cluster, workload, wantedReplicas(workload));
    await Promise.all(
      group.map((workload) =>
        waitRollout(cluster, nameOf(workload), {
          signal: context.signal,
          progress: progressOf(context, `${resource.kind as "Deployment"}/${workload.metadata.name}`),
        }),
      ),
    );
  }
}

/** Of a site, and not the engine's own (a server for a held site). */
export function isRendered({ metadata }: WorkloadObject): boolean {
  return metadata.annotations?.[mark.key] !== undefined;
}

/** Replicas that a workload has when nothing is stopped. */
export function wantedReplicas({ metadata, spec }: WorkloadObject): number {
  return Number(metadata.annotations?.[mark.replicas] ?? spec.replicas ?? 1);
}

/** Sets replicas, of this very object. */
export async function setReplicas(cluster: Cluster, workload: WorkloadObject, replicas: number): Promise<void> {
  if (workload.spec.replicas === replicas) return;
  const { uid } = workload.metadata;
  await cluster.api.mergePatch(nameOf(workload), { metadata: uid === undefined ? {} : { uid }, spec: { replicas } });
}

/**
 * Waits until the pods of a workload are gone, those on their way out included: what they began is finished then, and they write no more.
 * `otherThan`: only those of other templates, and not those whose time to end is long over: their nodes are away, and nobody is helped by
 * waiting. Error: `engine/not-ready` naming one that does not end.
 */
export async function awaitNoPods(
  cluster: Cluster,
  namespace: string,
  wanted: { readonly workload: string; readonly otherThan?: string },
  signal: AbortSignal,
): Promise<void> {
  const until = cluster.clock.now() + END_MS;
  for (;;) {
    const pods = await outlast(cluster, () => podsOf(cluster, namespace, { role: "serve", workload: wanted.workload }, signal), signal);
    const left = pods.find((pod) => wanted.otherThan === undefined || isFormer(pod, wanted.otherThan, cluster.clock.now()));
    if (left === undefined) return;
    if (cluster.clock.now() >= until)
      throw new HowdahError("engine/not-ready", `The pod ${left.metadata.name} of ${namespace} does not end`, {
        hint: "Its node may be away: `kubectl get pod -o wide` names it. Kubernetes ends the pod when the node is back or deleted.",
      });
    await cluster.clock.sleep(LOOK_MS, signal);
  }
}

/** `deletionTimestamp` is when the grace ends. */
function isFormer(pod: PodObject, template: string, now: number): boolean {
  const { deletionTimestamp } = pod.metadata;
  if (deletionTimestamp === undefined) return madeFrom(pod) !== template;
  return now - Date.parse(deletionTimestamp) < OVERDUE_MS;
}
