import { HowdahError } from "../../kernel/howdah-error.ts";
import { COPIED_SECRETS } from "../../kernel/own-names.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { Container, Deployment, Rendered, StatefulSet } from "../../render/objects.ts";
import { canonicalJson, rendered } from "../../render/rendered.ts";
import type { EngineContext } from "../engine.ts";
import type { Cluster } from "./cluster.ts";
import type { EngineState } from "./engine-state.ts";
import { isUnsettled, mark, unsettled } from "./marks.ts";
import { nameOf, put, removeOwn } from "./own-objects.ts";
import { outlast } from "./outlast.ts";
import { type Parts, partsOf, putParts, restoreParts, wantedParts } from "./parts.ts";
import { templateDigest } from "./place.ts";
import { madeFrom, podsOf } from "./pods.ts";
import { progressOf, warnOf } from "./progress.ts";
import { awaitNoPods } from "./scale.ts";
import { tryTemplate } from "./trial-pod.ts";
import { isReady, type PodObject, type WorkloadObject } from "./views.ts";
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
 * Pods that answer no page by themselves (PHP apart from nginx) are tried in one that has both (`Rendered.trial`). There is no trial where
 * none serves, where pods stay as they are, and for a template that served before (going back is quick). A StatefulSet has none either: two
 * of its pods may never share a volume. Killed anywhere, the digest says "unsettled" and the next plan performs it again. Errors: those of
 * `podJudge`, `site/unhealthy`, `cancelled`; the former template serves then.
 */
export async function applyWorkload(
  cluster: Cluster,
  { name, namespace, state }: Place,
  desired: Rendered<Deployment | StatefulSet>,
  context: EngineContext,
): Promise<void> {
  await requireSecrets(cluster, { name, namespace }, (desired.trial ?? desired.object).spec.template.spec);
  const parts = await partsOf(cluster, { namespace, state }, desired, context.signal);
  const [progress, trouble] = [progressOf(context, desired.key), warnOf(context, desired.object.metadata.name)];
  const live = parts.former.find((one) => isWorkload(one, desired));
  const same = live !== undefined && madeFrom(live.spec.template) === templateDigest(desired);
  const settled = live !== undefined && !isUnsettled(live.metadata.annotations?.[mark.digest] ?? unsettled(""));
  if (context.putsBack === true && (live === undefined || (same && settled))) return putBack(cluster, parts, desired, context);
  try {
    await context.reached?.("start");
    if (live !== undefined && !same && (await needsTrial(cluster, live, desired, state))) {
      await tryTemplate(cluster, { wanted: triedIn(cluster, parts, desired), live, progress, trouble }, context);
    } else await context.reached?.("ask");
    await context.reached?.("switch");
  } catch (error) {
    throw cancelledOr(error, context.signal);
  }
  try {
    // Pods that stay as they are need no memory of a change under way: nothing is written when nothing changed.
    const written = await putParts(cluster, parts, same && settled ? desired.digest : unsettled(desired.digest), context.signal);
    const changed = written.find((one) => isWorkload(one, desired)) as WorkloadObject;
    await waitRollout(cluster, nameOf(changed), { signal: context.signal, progress, trouble });
  } catch (error) {
    await goBack(cluster, parts, live);
    throw cancelledOr(error, context.signal);
  }
  if (!(same && settled)) await settle(cluster, parts, desired, live);
  // Whoever leads the rollout ends the former pods itself, and who looks at many sites has no time for them; they are on their way out already.
  if (context.reached === undefined && context.putsBack !== true) await formerEnded(cluster, parts, desired, context.signal);
}

/** Whose pod is tried: a workload's own, or of what stands for it where its pods alone answer no page. */
function triedIn(cluster: Cluster, parts: Parts, desired: Rendered<Deployment | StatefulSet>): WorkloadObject {
  const tried = desired.trial === undefined ? desired : rendered(desired.trial);
  const completed = desired.trial === undefined ? parts.completed : cluster.complete(parts.namespace, tried);
  return wantedParts({ ...parts, completed, desired: tried }, tried.digest).find((one) => isWorkload(one, tried)) as WorkloadObject;
}

/** What was settled once needs no trial and no wait. That its template served is remembered, too: going back to it is quick. */
async function putBack(cluster: Cluster, parts: Parts, desired: Rendered, { signal }: EngineContext): Promise<void> {
  const live = parts.former.find((one) => isWorkload(one, desired));
  const written = await putParts(cluster, parts, desired.digest, signal);
  if (live === undefined) return settle(cluster, parts, desired, undefined);
  const { spec } = written.find((one) => isWorkload(one, desired)) as WorkloadObject;
  if (live.kind === "StatefulSet") await endUnready(cluster, live, (pod) => programsOf(pod.spec) !== programsOf(spec.template.spec));
}

/** What of a pod decides whether it gets ready, as far as no server completes it. */
function programsOf({ containers }: { readonly containers: readonly object[] }): string {
  return canonicalJson(
    containers.map((container) => {
      const { name, image, command = [], args = [] } = container as { name: string; image: string; command?: unknown; args?: unknown };
      return { name, image, command, args };
    }),
  );
}

/** A StatefulSet's controller waits for a pod that never gets ready for ever, whatever became of its template since. */
async function endUnready(cluster: Cluster, { metadata }: WorkloadObject, which: (pod: PodObject) => boolean): Promise<void> {
  const pods = await podsOf(cluster, metadata.namespace, { role: "serve", workload: metadata.name });
  for (const pod of pods.filter((one) => !isReady(one) && which(one)))
    await removeOwn(
      cluster,
      { resource: resources.Pod, namespace: metadata.namespace, name: pod.metadata.name },
      { uid: pod.metadata.uid },
    );
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
  if (live.kind === "StatefulSet") await endUnready(cluster, live, (pod) => madeFrom(pod) !== madeFrom(live.spec.template));
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
        hint: COPIED_SECRETS.includes(secret)
          ? "Howdah makes it when it prepares a release: deploy again."
          : `Make it: \`kubectl --namespace ${namespace} create secret generic ${secret} --from-literal=KEY=VALUE\`; the site file says which keys it needs.`,
      });
  }
}
