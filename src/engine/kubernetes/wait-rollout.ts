import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ObjectName } from "../../kubernetes/kubernetes-api.ts";
import type { Cluster } from "./cluster.ts";
import type { Role } from "./marks.ts";
import { LOOK_MS, type Patience, podJudge } from "./judge-pods.ts";
import { outlast } from "./outlast.ts";
import { isOver, madeFrom, podsOf } from "./pods.ts";
import { isReady, type PodObject, type WorkloadObject } from "./views.ts";

/** Of a StatefulSet, which has no deadline of its own: a database may recover from its log. */
const STATEFUL_DEADLINE_SECONDS = 120;

/** So long controllers may take to see a change and begin with it. */
const CONTROLLER_MS = 120_000;

/**
 * Waits until a Deployment or StatefulSet has as many ready pods of its present template as it wants, and no others.
 * Errors: those of `podJudge` for its new pods; `engine/not-ready` when its pods can't be made (a quota), or it is deleted meanwhile.
 */
export async function waitRollout(
  cluster: Cluster,
  name: ObjectName,
  options: Pick<Patience, "progress" | "trouble"> & { readonly signal: AbortSignal; readonly role?: Role },
): Promise<void> {
  const namespace = name.namespace ?? "";
  let judge: ReturnType<typeof podJudge> | undefined;
  let since = cluster.clock.now();
  for (;;) {
    const live = (await outlast(cluster, () => cluster.api.get(name, options.signal), options.signal)) as WorkloadObject | undefined;
    if (live === undefined) throw new HowdahError("engine/not-ready", `${name.name} was deleted while it was waited for`);
    const all = await outlast(
      cluster,
      () => podsOf(cluster, namespace, { role: options.role ?? "serve", workload: name.name }, options.signal),
      options.signal,
    );
    const own = all.filter((pod) => madeFrom(pod) === madeFrom(live.spec.template) && pod.metadata.deletionTimestamp === undefined);
    judge ??= podJudge(cluster, { ...options, deadlineMs: deadlineSeconds(live) * 1000 });
    if (isComplete(live, all)) return;
    await judge.look(own);
    if (own.length > 0) since = cluster.clock.now();
    refuseStuck(live, cluster.clock.now() - since);
    await cluster.clock.sleep(LOOK_MS, options.signal);
  }
}

/** Seconds that a pod may take from its start until it is ready. */
function deadlineSeconds({ spec }: WorkloadObject): number {
  const startup = (
    spec.template.spec.containers as readonly { startupProbe?: { periodSeconds?: number; failureThreshold?: number } }[]
  ).map(({ startupProbe: probe }) => (probe === undefined ? 0 : (probe.periodSeconds ?? 10) * (probe.failureThreshold ?? 3)));
  return spec.progressDeadlineSeconds ?? Math.max(STATEFUL_DEADLINE_SECONDS, ...startup);
}

/** True when the controller has seen the last change and has done all of it. */
function isComplete({ kind, metadata, spec, status = {} }: WorkloadObject, pods: readonly PodObject[]): boolean {
  const wanted = spec.replicas ?? 1;
  if ((status.observedGeneration ?? 0) < (metadata.generation ?? 0)) return false;
  const current = pods.filter((pod) => isReady(pod) && madeFrom(pod) === madeFrom(spec.template));
  // Counts of a controller lag: a pod that fell just now is not ready though its workload still says so.
  if (current.length < wanted) return false;
  if (kind === "StatefulSet") return pods.filter((pod) => !isOver(pod)).length === wanted;
  return (status.updatedReplicas ?? 0) === wanted && (status.replicas ?? 0) === wanted && (status.availableReplicas ?? 0) >= wanted;
}

/** Pods that are not even made: the controller says why. */
function refuseStuck({ metadata, status = {} }: WorkloadObject, withoutPodsMs: number): void {
  const refused = status.conditions?.find(({ type, status }) => type === "ReplicaFailure" && status === "True");
  if (withoutPodsMs < CONTROLLER_MS && !(refused !== undefined && withoutPodsMs > CONTROLLER_MS / 10)) return;
  throw new HowdahError(
    "engine/not-ready",
    `No pod of ${metadata.name} is made: ${refused?.message ?? "the cluster's controllers do not act"}`,
  );
}
