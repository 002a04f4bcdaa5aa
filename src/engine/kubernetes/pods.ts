import { resources } from "../../kubernetes/resources.ts";
import type { Cluster } from "./cluster.ts";
import { mark, ownSelector, type Role } from "./marks.ts";
import type { PodObject } from "./views.ts";

/** Pods of ours, oldest name order of the API. `namespace` is the name in the cluster; undefined: of all namespaces. */
export async function podsOf(
  cluster: Cluster,
  namespace: string | undefined,
  wanted: { readonly role: Role; readonly workload?: string },
  signal?: AbortSignal,
): Promise<readonly PodObject[]> {
  const labels = { [mark.role]: wanted.role, ...(wanted.workload === undefined ? {} : { [mark.workload]: wanted.workload }) };
  const options = { ...(namespace === undefined ? {} : { namespace }), labelSelector: ownSelector(labels) };
  return (await cluster.api.list(resources.Pod, options, signal)).items as readonly PodObject[];
}

/** True for a pod that has ended, or will before anybody could use it. */
export function isOver(pod: PodObject): boolean {
  return pod.metadata.deletionTimestamp !== undefined || pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
}

/** The digest of the rendered template that a pod was made from, or that a workload's template makes pods from. */
export function madeFrom(
  object: { readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> } } | undefined,
): string | undefined {
  return object?.metadata?.annotations?.[mark.template];
}
