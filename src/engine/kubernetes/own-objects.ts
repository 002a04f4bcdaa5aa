import { HowdahError } from "../../kernel/howdah-error.ts";
import { FIELD_MANAGER, wasApplied } from "../../kubernetes/field-ownership.ts";
import type { KubeObject, ObjectName, Resource } from "../../kubernetes/kubernetes-api.ts";
import { apiVersionOf, resourceOf, resources } from "../../kubernetes/resources.ts";
import type { Cluster } from "./cluster.ts";
import { isOwned, ownedLabels, ownSelector } from "./marks.ts";

/** Kinds that rendered objects become. */
const RENDERED_KINDS = [
  "PersistentVolumeClaim",
  "ConfigMap",
  "NetworkPolicy",
  "Service",
  "StatefulSet",
  "Deployment",
  "HorizontalPodAutoscaler",
  "PodDisruptionBudget",
  "HTTPRoute",
  "Ingress",
] as const satisfies readonly (keyof typeof resources)[];

/** How often a delete is decided anew when the object changed meanwhile. */
const ATTEMPTS = 10;

/** Where an object is. Error: `bug` for a kind that the engine does not know. */
export function nameOf(object: KubeObject): ObjectName {
  const resource = resourceOf(object);
  if (resource === undefined) throw new HowdahError("bug", `${object.apiVersion} ${object.kind} is no kind that the engine writes`);
  return { resource, namespace: object.metadata.namespace, name: object.metadata.name };
}

/** All of a namespace that is ours and was rendered. `namespace` is the name in the cluster; undefined: of all namespaces. */
export async function ownObjects(cluster: Cluster, namespace: string | undefined): Promise<readonly KubeObject[]> {
  const lists = await Promise.all(RENDERED_KINDS.map((kind) => ownOfKind(cluster, resources[kind], namespace)));
  return lists.flat();
}

/** Those of one kind. A cluster without the Gateway API has no routes. */
export async function ownOfKind(
  cluster: Cluster,
  resource: Resource,
  namespace: string | undefined,
  labels: Readonly<Record<string, string>> = {},
): Promise<readonly KubeObject[]> {
  const { items } = await cluster.api
    .list(resource, { ...(namespace === undefined ? {} : { namespace }), labelSelector: ownSelector(labels) })
    .catch((error: unknown) => {
      if (resource === resources.HTTPRoute && isNotServed(error)) return { items: [] };
      throw error;
    });
  // Lists of some servers leave these two out of their items.
  return items.map((item) => ({ ...item, apiVersion: item.apiVersion ?? apiVersionOf(resource), kind: item.kind ?? resource.kind }));
}

function isNotServed(error: unknown): boolean {
  return error instanceof HowdahError && (error.code === "cluster/not-installed" || error.code === "cluster/rejected");
}

/**
 * An object that is there and ours, or undefined; one that only lost its label is ours as long as the server says that we applied it.
 * Error: `cluster/conflict` for one of that name that is somebody else's.
 */
export async function ownLive(cluster: Cluster, name: ObjectName, signal?: AbortSignal): Promise<KubeObject | undefined> {
  const live = await cluster.api.get(name, signal);
  if (live === undefined || isOwned(live) || wasApplied(live, FIELD_MANAGER)) return live;
  throw new HowdahError("cluster/conflict", `${name.resource.kind}/${name.name} of ${name.namespace ?? "the cluster"} is not Howdah's`, {
    hint: "Somebody else made it. Delete or rename it, or give the site another namespace, then run the command again.",
  });
}

/** Who deletes in the foreground (`kubectl delete --cascade=foreground`) has an object stay until its pods are gone, by this finalizer. */
const FOREGROUND = "foregroundDeletion";

/**
 * As `ownLive`, of an object that is to be written: one that somebody deletes can only be made anew, once its name is free. What is held for nothing but
 * its pods' end is let go of: they take half a minute, in which no other would serve. Error: `cluster/conflict` naming whose finalizer it waits for.
 */
export async function ownStaying(cluster: Cluster, name: ObjectName, signal?: AbortSignal): Promise<KubeObject | undefined> {
  const live = await ownLive(cluster, name, signal);
  // A claim on its way out is data: nothing is made in its place.
  if (live?.metadata.deletionTimestamp === undefined || name.resource.kind === "PersistentVolumeClaim") return live;
  const { finalizers = [], uid, resourceVersion } = live.metadata;
  const others = finalizers.filter((one) => one !== FOREGROUND);
  if (others.length === 0) {
    await cluster.api.mergePatch(name, { metadata: { uid, resourceVersion, finalizers: null } }, {}, signal);
    return undefined;
  }
  throw new HowdahError("cluster/conflict", `${name.resource.kind}/${name.name} is being deleted, and held by ${others.join(", ")}`, {
    hint: "It is made again as soon as it is gone. Who sets that finalizer has to take it away.",
  });
}

/** Writes an object by server-side apply; never over one that is somebody else's, nor over another one than was seen. */
export async function put(
  cluster: Cluster,
  object: KubeObject,
  options: { readonly live?: KubeObject | undefined; readonly signal?: AbortSignal } = {},
): Promise<KubeObject> {
  const name = nameOf(object);
  const live = "live" in options ? options.live : await ownLive(cluster, name, options.signal);
  const { uid: _uid, resourceVersion: _version, ...metadata } = object.metadata;
  const wanted: KubeObject = {
    ...object,
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, ...ownedLabels },
      ...(live?.metadata.uid === undefined ? {} : { uid: live.metadata.uid }),
    },
  };
  return cluster.api.apply(name.resource, wanted, { force: true }, options.signal);
}

/** Deletes what is ours, as it is now: one that was made anew or given to somebody else meanwhile stays. Answers whether it was there. */
export async function removeOwn(
  cluster: Cluster,
  name: ObjectName,
  options: { readonly uid?: string | undefined; readonly graceSeconds?: number; readonly signal?: AbortSignal } = {},
): Promise<boolean> {
  for (let attempt = 1; ; attempt++) {
    const live = await cluster.api.get(name, options.signal);
    if (live === undefined || !isOwned(live) || live.metadata.uid === undefined) return false;
    if (live.metadata.deletionTimestamp !== undefined || (options.uid !== undefined && live.metadata.uid !== options.uid)) return false;
    const { uid, resourceVersion } = live.metadata;
    try {
      return await cluster.api.delete(
        name,
        {
          preconditions: { uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) },
          propagation: "Background",
          ...(options.graceSeconds === undefined ? {} : { graceSeconds: options.graceSeconds }),
        },
        options.signal,
      );
    } catch (error) {
      // A pod's status changes all the time: look again, and decide anew.
      if (!(error instanceof HowdahError && error.code === "cluster/conflict") || attempt >= ATTEMPTS) throw error;
      await cluster.clock.sleep(20 * attempt, options.signal);
    }
  }
}
