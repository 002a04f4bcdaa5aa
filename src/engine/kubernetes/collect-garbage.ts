import { resources } from "../../kubernetes/resources.ts";
import type { Cluster } from "./cluster.ts";
import type { Role } from "./marks.ts";
import { removeOwn } from "./own-objects.ts";
import { isOver, podsOf } from "./pods.ts";
import type { PodObject } from "./views.ts";

/** Whoever waits for a one-off program reads its end within seconds; after so long nobody does. */
const ENDED_MS = 600_000;
/** A trial ends with the deadline of its Deployment, which is far shorter; one that is older has lost whoever made it. */
const TRIAL_MS = 3_600_000;

/**
 * Takes away what killed callers left: pods of trials that nobody judges any more, and of one-off programs that have ended. A program that
 * runs is never ended by this. Answers what it did. All else that Kubernetes can bring back it brings back itself.
 */
export async function collectGarbage(cluster: Cluster): Promise<readonly string[]> {
  const did: string[] = [];
  for (const role of ["once", "trial"] as const) {
    for (const pod of await podsOf(cluster, undefined, { role })) {
      const { name, namespace = "", uid } = pod.metadata;
      if (!namespace.startsWith(cluster.settings.prefix) || !isLeft(pod, role, cluster.clock.now())) continue;
      if (await removeOwn(cluster, { resource: resources.Pod, namespace, name }, { uid }))
        did.push(`removed ${namespace}/${name}, which nobody waits for`);
    }
  }
  return did;
}

function isLeft(pod: PodObject, role: Role, now: number): boolean {
  if (pod.metadata.deletionTimestamp !== undefined) return false;
  if (role === "trial") return now - Date.parse(pod.metadata.creationTimestamp ?? "") > TRIAL_MS;
  const ends = pod.status?.containerStatuses?.map(({ state }) => Date.parse(state?.terminated?.finishedAt ?? "")) ?? [];
  const ended = Math.max(Date.parse(pod.metadata.creationTimestamp ?? ""), ...ends.filter((time) => !Number.isNaN(time)));
  return isOver(pod) && now - ended > ENDED_MS;
}
