import { HowdahError } from "../../kernel/howdah-error.ts";
import { OWN_SECRETS } from "../../kernel/own-names.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { Container, Deployment, Rendered, StatefulSet } from "../../render/objects.ts";
import type { EngineContext } from "../engine.ts";
import type { Cluster } from "./cluster.ts";
import type { EngineState } from "./engine-state.ts";
import { isUnsettled, mark, unsettled } from "./marks.ts";
import { nameOf, put, removeOwn } from "./own-objects.ts";
import { outlast } from "./outlast.ts";
import { type Parts, partsOf, putParts, restoreParts, wantedParts } from "./parts.ts";
import { templateDigest } from "./place.ts";
import { madeFrom, podsOf } from "./pods.ts";
import { progressOf } from "./progress.ts";
import { awaitNoPods } from "./scale.ts";
import { tryTemplate } from "./trial-pod.ts";
import { isReady, type WorkloadObject } from "./views.ts";
import { waitRollout } from "./wait-rollout.ts";

/** So many templates that served are remembered: as many as a Deployment keeps ReplicaSets of. */
const SERVED_KEPT = 4;

interface Place {
  readonly name: string;
  readonly namespace: string;
  readonly state: EngineState;
}

/**
 * Brings a workload to what is desired.
 *
 * ```
 *   start ─▶ trial pod, outside of    ─▶ ask it ─▶ switch: the Deployment ─▶ all new pods ready, ─▶ settled
 *            every Service, gets ready   its page   is changed               former ones ended
 *   ◀────────── nothing was changed ──────────────┘ ◀─── as it was before: applied again ┘
 * ```
 *
 * There is no trial where none serves, where pods stay as they are, and for a template that served before (going back is quick). A
 * StatefulSet has none either: two of its pods may never share a volume. Killed anywhere, the digest says "unsettled" and the next plan
 * performs it again. Errors: those of `podJudge`, `site/unhealthy`, `cancelled`; the former template serves then.
 */
export async function applyWorkload(
  cluster: Cluster,
  { name, namespace, state }: Place,
  desired: Rendered<Deployment | StatefulSet>,
  context: EngineContext,
): Promise<void> {
  await requireSecrets(cluster, { name, namespace }, desired.object.spec.template.spec);
  const parts = await partsOf(cluster, { namespace, state }, desired, context.signal);
  const progress = progressOf(context, desired.key);
  const live = parts.former.find((one) => isWorkload(one, desired));
  const same = live !== undefined && madeFrom(live.spec.template) === templateDigest(desired);
  const settled = live !== undefined && !isUnsettled(live.metadata.annotations?.[mark.digest] ?? unsettled(""));
  try {
    await context.reached?.("start");
    if (live !== undefined && !same && (await needsTrial(cluster, live, desired, state))) {
      const wanted = wantedParts(parts, desired.digest).find((one) => isWorkload(one, desired)) as WorkloadObject;
      await tryTemplate(cluster, { wanted, live, progress }, context);
    } else await context.reached?.("ask");
    await context.reached?.("switch");
  } catch (error) {
    throw cancelledOr(error, context.signal);
  }
  try {
    // Pods that stay as they are need no memory of a change under way: nothing is written when nothing changed.
    const written = await putParts(cluster, parts, same && settled ? desired.digest : unsettled(desired.digest), context.signal);
    const changed = written.find((one) => isWorkload(one, desired)) as WorkloadObject;
    await waitRollout(cluster, nameOf(changed), { signal: context.signal, progress });
  } catch (error) {
    await goBack(cluster, parts, live);
    throw cancelledOr(error, context.signal);
  }
  if (!(same && settled)) await settle(cluster, parts, desired, live);
  // Whoever leads the rollout ends the former pods itself; they are on their way out already.
  if (context.reached === undefined) await formerEnded(cluster, parts, desired, context.signal);
}

function isWorkload(object: KubeObject, { object: { kind, metadata } }: Rendered): object is WorkloadObject {
  return object.kind === kind && object.metadata.name === metadata.name;
}

/** Waiting that was aborted says only that; people must read that they did it. */
function cancelledOr(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted || (error instanceof HowdahError && error.code !== "cancelled")) return error;
  return signal.reason instanceof HowdahError
    ? signal.reason
    : new HowdahError("cancelled", "Stopped while new pods were started", { cause: error });
}

async function needsTrial(cluster: Cluster, live: WorkloadObject, desired: Rendered, state: EngineState): Promise<boolean> {
  if (state.down || live.kind === "StatefulSet") return false;
  if (servedBefore(live).includes(templateDigest(desired))) return false;
  const pods = await podsOf(cluster, live.metadata.namespace, { role: "serve", workload: live.metadata.name });
  // Without pods that serve there is nothing to protect: a person sees the page that fails, and its log.
  return pods.some(isReady);
}

function servedBefore(live: WorkloadObject | undefined): readonly string[] {
  return (live?.metadata.annotations?.[mark.served] ?? "").split(" ").filter((digest) => digest !== "");
}

/** Writes down that the change has succeeded. */
async function settle(cluster: Cluster, parts: Parts, desired: Rendered, live: WorkloadObject | undefined): Promise<void> {
  const served = [...new Set([templateDigest(desired), ...servedBefore(live)])].slice(0, SERVED_KEPT).join(" ");
  for (const object of wantedParts(parts, desired.digest)) {
    const { annotations } = object.metadata;
    const isIt = isWorkload(object, desired);
    await put(
      cluster,
      isIt ? { ...object, metadata: { ...object.metadata, annotations: { ...annotations, [mark.served]: served } } } : object,
    );
  }
}

/**
 * The former objects, applied again, and waited for: it must serve when the command ends. Of a first release that failed nothing stays.
 * A StatefulSet's pod that never got ready is deleted: its controller would wait for it for ever.
 */
async function goBack(cluster: Cluster, parts: Parts, live: WorkloadObject | undefined): Promise<void> {
  await outlast(cluster, () => restoreParts(cluster, parts));
  if (live === undefined) return;
  const { namespace, name } = { namespace: parts.namespace, name: live.metadata.name };
  if (live.kind === "StatefulSet") {
    const failed = (await podsOf(cluster, namespace, { role: "serve", workload: name })).filter(
      (pod) => !isReady(pod) && madeFrom(pod) !== madeFrom(live.spec.template),
    );
    for (const { metadata } of failed) {
      await removeOwn(cluster, { resource: resources.Pod, namespace, name: metadata.name }, { uid: metadata.uid });
    }
  }
  await waitRollout(cluster, nameOf(live), { signal: AbortSignal.timeout(RESTORED_MS), progress: () => undefined }).catch(() => undefined);
}

/** So long a command that has failed waits for the former pods; the cluster goes on bringing them back. */
const RESTORED_MS = 120_000;

async function formerEnded(cluster: Cluster, { namespace }: Parts, desired: Rendered, signal: AbortSignal): Promise<void> {
  const { name } = desired.object.metadata;
  await awaitNoPods(cluster, namespace, { workload: name, otherThan: templateDigest(desired) }, signal);
}

/** A pod whose secret is missing would wait for ever without a word. Error: `engine/not-ready`. */
async function requireSecrets(
  cluster: Cluster,
  { name, namespace }: { readonly name: string; readonly namespace: string },
  spec: Deployment["spec"]["template"]["spec"],
): Promise<void> {
  const inEnvironment = ({ env }: Container): string[] => env.flatMap((one) => ("valueFrom" in one ? one.valueFrom.secretKeyRef.name : []));
  const mounted = spec.volumes.flatMap((volume) => ("secret" in volume ? volume.secret.secretName : []));
  for (const secret of new Set([...[...spec.initContainers, ...spec.containers].flatMap(inEnvironment), ...mounted])) {
    if ((await cluster.api.get({ resource: resources.Secret, namespace, name: secret })) === undefined)
      throw new HowdahError("engine/not-ready", `The secret "${secret}" of ${name} was never stored`, {
        hint: OWN_SECRETS.includes(secret)
          ? "Howdah makes it when it prepares a release: deploy again."
          : `Make it: \`kubectl --namespace ${namespace} create secret generic ${secret} --from-literal=KEY=VALUE\`; the site file says which keys it needs.`,
      });
  }
}
