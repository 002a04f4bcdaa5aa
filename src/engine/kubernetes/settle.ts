import { resources } from "../../kubernetes/resources.ts";
import type { EngineContext } from "../engine.ts";
import type { Cluster } from "./cluster.ts";
import { readState } from "./engine-state.ts";
import { LOOK_MS } from "./judge-pods.ts";
import { outlast } from "./outlast.ts";
import { ownOfKind } from "./own-objects.ts";
import { madeFrom, podsOf } from "./pods.ts";
import { isRendered } from "./scale.ts";
import { isReady, type WorkloadObject } from "./views.ts";

/** So long a controller may take to send pods away that a Deployment no longer wants. */
const SENT_MS = 30_000;

/**
 * Waits until the pods that Deployments no longer want have been told to end. Their nodes let them finish what they began, for which nobody
 * waits: it takes them 20 s and more, and the next release shall not stand behind it. A workload whose wanted pods don't all serve is not
 * waited for.
 */
export async function settleNamespace(cluster: Cluster, name: string, { signal }: EngineContext): Promise<void> {
  const namespace = cluster.namespace(name);
  if ((await readState(cluster, namespace)).down) return;
  const deployments = ((await ownOfKind(cluster, resources.Deployment, namespace)) as readonly WorkloadObject[]).filter(isRendered);
  await Promise.all(deployments.map((deployment) => formerToldToEnd(cluster, deployment, signal)));
}

async function formerToldToEnd(cluster: Cluster, { metadata, spec }: WorkloadObject, signal: AbortSignal): Promise<void> {
  const template = madeFrom(spec.template);
  const until = cluster.clock.now() + SENT_MS;
  const { namespace, name: workload } = metadata;
  for (;;) {
    const pods = await outlast(cluster, () => podsOf(cluster, namespace, { role: "serve", workload }, signal), signal);
    const wanted = pods.filter((pod) => isReady(pod) && madeFrom(pod) === template);
    if (template === undefined || wanted.length < (spec.replicas ?? 1)) return;
    const staying = pods.some((pod) => madeFrom(pod) !== template && pod.metadata.deletionTimestamp === undefined);
    if (!staying || cluster.clock.now() >= until) return;
    await cluster.clock.sleep(LOOK_MS, signal);
  }
}
