import { FIELD_MANAGER, isAsApplied } from "../../kubernetes/field-ownership.ts";
import type { KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resourceOf } from "../../kubernetes/resources.ts";
import type { ClusterObject } from "../../render/cluster/cluster-object.ts";

/** Applies objects of a server one after another; what is as it should be is not written. Errors: those of the API server, at the first that it refuses. */
export async function placeObjects(objects: readonly ClusterObject[], api: KubernetesApi, signal: AbortSignal): Promise<void> {
  for (const object of objects) {
    const resource = resourceOf(object);
    if (resource === undefined) throw new TypeError(`${object.kind} is in no table`);
    const { namespace, name } = object.metadata;
    const found = await api.get({ resource, namespace, name }, signal);
    if (found === undefined || !isAsApplied(found, object, FIELD_MANAGER)) await api.apply(resource, object, {}, signal);
  }
}
