import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Step } from "../../plan/step.ts";
import type { ObjectKey, Rendered } from "../../render/objects.ts";
import type { EngineContext } from "../engine.ts";
import { applyRoute } from "./apply-route.ts";
import { applyWorkload } from "./apply-workload.ts";
import type { Cluster } from "./cluster.ts";
import { changeState } from "./engine-state.ts";
import { mark } from "./marks.ts";
import { missingClaim } from "./missing-claim.ts";
import { ownObjects, put } from "./own-objects.ts";
import { partsOf, putParts, removeKey } from "./parts.ts";
import { awaitNoPods } from "./scale.ts";

/** Performs one step of a plan in a namespace. */
export async function applyStep(cluster: Cluster, name: string, step: Step, context: EngineContext): Promise<void> {
  const namespace = cluster.namespace(name);
  if (step.do === "keep") return letGo(cluster, namespace, step.key);
  if (step.do === "delete") return deleteKey(cluster, namespace, step.key, context);
  await applyObject(cluster, { name, namespace }, step.desired, context);
}

interface Place {
  /** The engine's name of the namespace, for messages. */
  readonly name: string;
  readonly namespace: string;
}

async function applyObject(cluster: Cluster, { name, namespace }: Place, desired: Rendered, context: EngineContext): Promise<void> {
  const { object, key, digest } = desired;
  const state = await changeState(cluster, namespace); // from now on the namespace holds something
  if (object.kind === "PersistentVolumeClaim") await missingClaim(cluster, { name, namespace }, object.metadata.name, state);
  if (object.kind === "Deployment" || object.kind === "StatefulSet") {
    return applyWorkload(cluster, { name, namespace, state }, desired as Rendered<typeof object>, context);
  }
  const parts = await partsOf(cluster, { namespace, state }, desired, context.signal);
  if (object.kind === "HTTPRoute") await applyRoute(cluster, parts, context);
  else await putParts(cluster, parts, digest, context.signal);
  const isRemembered = object.kind === "PersistentVolumeClaim" || parts.completed.length === 0 || state.withoutParts?.[key] !== undefined;
  if (!isRemembered) return;
  await changeState(cluster, namespace, ({ withoutParts = {}, ...rest }) => {
    const { [key]: _former, ...others } = withoutParts;
    const without = parts.completed.length === 0 ? { ...others, [key]: digest } : others;
    const claims = object.kind === "PersistentVolumeClaim" ? [...new Set([...rest.claims, object.metadata.name])].toSorted() : rest.claims;
    return { ...rest, claims, ...(Object.keys(without).length === 0 ? {} : { withoutParts: without }) };
  });
}

/** Data stays: the claim is only no longer in the inventory. */
async function letGo(cluster: Cluster, namespace: string, key: ObjectKey): Promise<void> {
  const parts = (await ownObjects(cluster, namespace)).filter(({ metadata }) => metadata.annotations?.[mark.key] === key);
  for (const { apiVersion, kind, metadata, spec } of parts) {
    const { [mark.digest]: _digest, [mark.parts]: _parts, ...annotations } = metadata.annotations ?? {};
    const { name, labels = {} } = metadata;
    await put(cluster, { apiVersion, kind, metadata: { name, namespace, labels, annotations }, spec });
  }
}

async function deleteKey(cluster: Cluster, namespace: string, key: ObjectKey, { signal }: EngineContext): Promise<void> {
  if (key.startsWith("PersistentVolumeClaim/")) throw new HowdahError("bug", `A plan tried to delete ${key}, which holds data`);
  await removeKey(cluster, namespace, key);
  await changeState(cluster, namespace, ({ withoutParts, ...rest }) => {
    const { [key]: _former, ...others } = withoutParts ?? {};
    return Object.keys(others).length === 0 ? rest : { ...rest, withoutParts: others };
  });
  if (!key.startsWith("Deployment/") && !key.startsWith("StatefulSet/")) return;
  const workload = key.slice(key.indexOf("/") + 1);
  // What its programs began is finished first: who deletes next may count on nothing of it running.
  await awaitNoPods(cluster, namespace, { workload }, signal);
}
