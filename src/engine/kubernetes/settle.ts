import { resources } from "../../kubernetes/resources.ts";
import type { EngineContext } from "../engine.ts";
import type { Cluster } from "./cluster.ts";
import { readState } from "./engine-state.ts";
import { ownOfKind } from "./own-objects.ts";
import { madeFrom, podsOf } from "./pods.ts";
import { awaitNoPods, isRendered } from "./scale.ts";
import { isReady, type WorkloadObject } from "./views.ts";

/**
 * Waits until the pods that Deployments no longer want have finished what they began. Kubernetes has sent them away already; a workload
 * whose wanted pods don't all serve is not waited for.
 */
export async function settleNamespace(cluster: Cluster, name: string, { signal }: EngineContext): Promise<void> {
  const namespace = cluster.namespace(name);
  if ((await readState(cluster, namespace)).down) return;
  const deployments = ((await ownOfKind(cluster, resources.Deployment, namespace)) as readonly WorkloadObject[]).filter(isRendered);
  await Promise.all(
    deployments.map(async ({ metadata, spec }) => {
      const template = madeFrom(spec.template);
      const pods = await podsOf(cluster, namespace, { role: "serve", workload: metadata.name }, signal);
      const wanted = pods.filter((pod) => isReady(pod) && madeFrom(pod) === template);
      if (template === undefined || wanted.length < (spec.replicas ?? 1)) return;
      await awaitNoPods(cluster, namespace, { workload: metadata.name, otherThan: template }, signal);
    }),
  );
}
