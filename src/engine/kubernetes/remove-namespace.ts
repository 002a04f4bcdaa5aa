import { HowdahError } from "../../kernel/howdah-error.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { EngineContext } from "../engine.ts";
import type { Cluster } from "./cluster.ts";
import { changeState, forgetState } from "./engine-state.ts";
import { LOOK_MS } from "./judge-pods.ts";
import { mark } from "./marks.ts";
import { nameOf, ownObjects, ownOfKind, removeOwn } from "./own-objects.ts";
import { scaleDown } from "./scale.ts";

/** Kinds that go with `remove`: programs first, so that nothing is started any more. */
const PROGRAMS = [resources.Job, resources.Pod] as const;

/** So long a claim may stay because a pod that uses it is on its way out. */
const CLAIM_MS = 120_000;

/** Takes away everything of a namespace but its data: claims and secrets stay, and what the inventory says of claims. */
export async function removeNamespace(cluster: Cluster, name: string, context: EngineContext): Promise<void> {
  const namespace = cluster.namespace(name);
  if ((await cluster.api.get({ resource: resources.Namespace, namespace: undefined, name: namespace })) === undefined) return;
  await scaleDown(cluster, name, context);
  for (const object of await ownObjects(cluster, namespace)) {
    const isState = object.metadata.labels?.[mark.role] === "state";
    if (object.kind !== "PersistentVolumeClaim" && !isState) await removeOwn(cluster, nameOf(object), { uid: object.metadata.uid });
  }
  for (const resource of PROGRAMS)
    for (const object of await ownOfKind(cluster, resource, namespace))
      await removeOwn(cluster, nameOf(object), { uid: object.metadata.uid });
  const left = await changeState(cluster, namespace, ({ held: _held, withoutParts: _parts, ...state }) => ({ ...state, down: false }));
  if (left.claims.length === 0) await forgetWhenEmpty(cluster, namespace);
}

/** Deletes one volume for good. Waits until the claim is gone: its name is free then. */
export async function deleteVolume(cluster: Cluster, name: string, claim: string): Promise<void> {
  const namespace = cluster.namespace(name);
  const object = { resource: resources.PersistentVolumeClaim, namespace, name: claim };
  const uid = (await cluster.api.get(object))?.metadata.uid;
  await removeOwn(cluster, object);
  const until = cluster.clock.now() + CLAIM_MS;
  for (;;) {
    const live = uid === undefined ? undefined : await cluster.api.get(object);
    if (live === undefined || live.metadata.uid !== uid) break;
    if (cluster.clock.now() >= until)
      throw new HowdahError(
        "engine/not-ready",
        `The PersistentVolumeClaim ${claim} of ${namespace} is still used by a pod: it goes when that ends`,
      );
    await cluster.clock.sleep(LOOK_MS);
  }
  await changeState(cluster, namespace, (state) => ({ ...state, claims: state.claims.filter((one) => one !== claim) }));
  await forgetWhenEmpty(cluster, namespace);
}

/**
 * Forgets a namespace whose data was deleted: everything of ours in it. The namespace itself stays, since deleting it would delete whatever
 * others have put there; its owner deletes it. Errors: `bug` while it has workloads or claims.
 */
export async function forgetNamespace(cluster: Cluster, name: string): Promise<void> {
  const namespace = cluster.namespace(name);
  const objects = await ownObjects(cluster, namespace);
  const kept = objects.find(({ kind }) => ["Deployment", "StatefulSet", "PersistentVolumeClaim"].includes(kind));
  if (kept !== undefined) {
    throw new HowdahError("bug", `${name} was to be forgotten while it has ${kept.kind}/${kept.metadata.name}`);
  }
  const secrets = await ownOfKind(cluster, resources.Secret, namespace);
  for (const object of [...secrets, ...objects.filter(({ metadata }) => metadata.labels?.[mark.role] !== "state")])
    await removeOwn(cluster, nameOf(object), { uid: object.metadata.uid });
  await forgetState(cluster, namespace); // last: after a crash the namespace is still listed, and this is done again
}

/** The memory of a namespace that holds neither objects nor secrets goes. */
export async function forgetWhenEmpty(cluster: Cluster, namespace: string): Promise<void> {
  const objects = await ownObjects(cluster, namespace);
  if (objects.some(({ metadata }) => metadata.annotations?.[mark.key] !== undefined)) return;
  if (await mayHoldSecrets(cluster, namespace)) return;
  await forgetState(cluster, namespace);
}

/** An operator may list no secrets: there may be some that it doesn't see, and the memory stays. */
async function mayHoldSecrets(cluster: Cluster, namespace: string): Promise<boolean> {
  try {
    return (await ownOfKind(cluster, resources.Secret, namespace)).length > 0;
  } catch (error) {
    if (error instanceof HowdahError && error.code === "cluster/forbidden") return true;
    throw error;
  }
}
