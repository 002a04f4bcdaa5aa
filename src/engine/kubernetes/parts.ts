import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { Manifest, ObjectKey, Rendered } from "../../render/objects.ts";
import type { Cluster } from "./cluster.ts";
import type { EngineState } from "./engine-state.ts";
import { mark } from "./marks.ts";
import { nameOf, ownObjects, ownOfKind, ownStaying, put, removeOwn } from "./own-objects.ts";
import { place } from "./place.ts";

/** The objects of a cluster that one rendered object becomes: as they were, and as they are to be. */
export interface Parts {
  readonly namespace: string;
  readonly desired: Rendered;
  readonly completed: readonly KubeObject[];
  /** Ours that were put there for the same key, whatever their names. */
  readonly former: readonly KubeObject[];
  readonly state: EngineState;
}

/** Kinds whose objects may be there for another's sake, or in its place, under any name. Of the rest an object is itself and nothing more. */
const COMPANIONS: Readonly<Partial<Record<Manifest["kind"], readonly (keyof typeof resources)[]>>> = {
  Deployment: ["PodDisruptionBudget", "HorizontalPodAutoscaler", "NetworkPolicy"],
  StatefulSet: ["PodDisruptionBudget", "NetworkPolicy"],
  HTTPRoute: ["HTTPRoute", "Ingress"],
};

/** Reads what is there for a rendered object. Error: `cluster/conflict` when a name is somebody else's, or is not free yet. */
export async function partsOf(
  cluster: Cluster,
  where: { readonly namespace: string; readonly state: EngineState },
  desired: Rendered,
  signal?: AbortSignal,
): Promise<Parts> {
  const completed = cluster.complete(where.namespace, desired);
  const lists = await Promise.all(
    (COMPANIONS[desired.object.kind] ?? []).map((kind) => ownOfKind(cluster, resources[kind], where.namespace)),
  );
  const found = lists.flat();
  const named = await Promise.all(
    completed.map((object) =>
      ownStaying(cluster, nameOf({ ...object, metadata: { ...object.metadata, namespace: where.namespace } }), signal),
    ),
  );
  const former = new Map(
    [...found.filter(({ metadata }) => metadata.annotations?.[mark.key] === desired.key), ...named.flatMap((one) => one ?? [])].map(
      (one) => [identity(one), one],
    ),
  );
  return { ...where, desired, completed, former: [...former.values()] };
}

function identity({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.name}`;
}

/** The objects as they are to be, with a digest to remember them by. */
export function wantedParts({ completed, desired, namespace, former, state }: Parts, digest: string): readonly KubeObject[] {
  return place(completed, desired, { namespace, digest, down: state.down, held: state.held !== undefined, live: former });
}

/** Writes parts in their order, and takes away those that are not wanted any more. */
export async function putParts(cluster: Cluster, parts: Parts, digest: string, signal?: AbortSignal): Promise<readonly KubeObject[]> {
  const wanted = wantedParts(parts, digest);
  const written: KubeObject[] = [];
  for (const object of wanted) {
    const live = parts.former.find((one) => identity(one) === identity(object));
    written.push(await put(cluster, object, { live, ...(signal === undefined ? {} : { signal }) }));
  }
  const names = new Set(wanted.map(identity));
  for (const object of parts.former) if (!names.has(identity(object))) await removePart(cluster, object);
  return written;
}

/** Puts everything back as it was read: what was there before, and nothing else. Never cut short: half of a change is worse than either. */
export async function restoreParts(cluster: Cluster, parts: Parts): Promise<void> {
  for (const object of parts.former) await put(cluster, asApplied(object));
  const names = new Set(parts.former.map(identity));
  for (const object of wantedParts(parts, parts.desired.digest)) if (!names.has(identity(object))) await removePart(cluster, object);
}

/** Deletes what a key stands for. */
export async function removeKey(cluster: Cluster, namespace: string, key: ObjectKey): Promise<readonly KubeObject[]> {
  const parts = (await ownObjects(cluster, namespace)).filter(({ metadata }) => metadata.annotations?.[mark.key] === key);
  for (const object of parts) await removePart(cluster, object);
  return parts;
}

/** No plan deletes what holds data. */
async function removePart(cluster: Cluster, object: KubeObject): Promise<void> {
  if (object.kind !== "PersistentVolumeClaim") await removeOwn(cluster, nameOf(object), { uid: object.metadata.uid });
}

/** An object as whoever made it would have written it: without what a server adds. */
function asApplied({ status: _status, metadata, ...rest }: KubeObject): KubeObject {
  const { name, namespace, labels, annotations } = metadata;
  const { "deployment.kubernetes.io/revision": _revision, ...kept } = annotations ?? {};
  return {
    ...rest,
    metadata: { name, ...(namespace === undefined ? {} : { namespace }), ...(labels === undefined ? {} : { labels }), annotations: kept },
  };
}
