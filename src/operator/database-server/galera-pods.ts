import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { execGaleraNodes } from "../../workflows/galera/exec-galera-nodes.ts";
import type { GaleraNodes } from "../../workflows/galera/galera-nodes.ts";
import { execInPod } from "../exec-in-pod.ts";
import { DATABASE_CONTAINER } from "../../render/database/database-name.ts";

/** A node says one line; more is nobody's. */
const MOST_BYTES = 16_384;

/** The nodes of a cluster as pods of `howdah-system`. */
export function galeraPods(api: KubernetesApi, names: readonly string[]): GaleraNodes {
  return execGaleraNodes({
    names,
    exec: (pod, argv, signal) =>
      execInPod(api, { namespace: SYSTEM_NAMESPACE, pod, container: DATABASE_CONTAINER }, { argv, mostBytes: MOST_BYTES }, signal),
    isDead: async (name, signal) => isDead(await api.get({ resource: resources.Pod, namespace: SYSTEM_NAMESPACE, name }, signal)),
  });
}

interface PodStatus {
  readonly phase?: string;
  readonly containerStatuses?: readonly { readonly state?: { readonly running?: object } }[];
}

/**
 * Proven: no pod, so that its kubelet or a person said that it is over; or one that its kubelet says does not run. A pod on a machine that is
 * lost stays "running" until somebody deletes it, and may really run.
 */
function isDead(pod: Readonly<Record<string, unknown>> | undefined): boolean {
  if (pod === undefined) return true;
  const { phase, containerStatuses = [] } = (pod["status"] as PodStatus | undefined) ?? {};
  return phase !== "Unknown" && containerStatuses.every(({ state }) => state?.running === undefined);
}
