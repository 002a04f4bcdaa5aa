import { FIELD_MANAGER, fieldsOf, lostFields } from "../../kubernetes/field-ownership.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import type { ObjectKey, Rendered } from "../../render/objects.ts";
import type { Cluster } from "./cluster.ts";
import type { EngineState } from "./engine-state.ts";
import { mark } from "./marks.ts";
import { place } from "./place.ts";

/**
 * Rendered objects of which somebody has changed fields that are ours, with the fields (`Service/web: spec.ports[port=80].targetPort`). The digest on an
 * object says what was put there, not what became of it: that is in the server's own record of who owns which field. Fields that others
 * added stay theirs, and what others decide (an autoscaler's replicas, where a held site's Service leads) is as it is. Pure.
 */
export function editedByOthers(
  cluster: Pick<Cluster, "complete">,
  where: { readonly namespace: string; readonly state: EngineState },
  desired: readonly Rendered[],
  objects: readonly KubeObject[],
): ReadonlyMap<ObjectKey, readonly string[]> {
  const { namespace, state } = where;
  const byName = new Map(objects.map((object) => [identity(object), object]));
  const edited = desired.flatMap((rendered) => {
    const completed = cluster.complete(namespace, rendered);
    const live = completed.flatMap((object) => byName.get(identity(object)) ?? []);
    const { digest } = rendered;
    const wanted = place(completed, rendered, { namespace, digest, down: state.down, held: state.held !== undefined, live });
    const fields = wanted.flatMap((object) => {
      const there = byName.get(identity(object));
      return there === undefined ? [] : lostFields(there, object, FIELD_MANAGER).map((field) => nameIn(rendered, object, field));
    });
    return fields.length === 0 ? [] : [[rendered.key, fields] as const];
  });
  return new Map(edited);
}

/** The rendered object that an object says it belongs to; one whose word is somebody else's belongs to none, and nothing is deleted for it. */
export function keyOf(object: KubeObject): ObjectKey | undefined {
  const said = object.metadata.annotations?.[mark.key] as ObjectKey | undefined;
  const ours = fieldsOf(object, FIELD_MANAGER);
  const isOurWord = ours.some((set) => set["f:metadata"]?.["f:annotations"]?.[`f:${mark.key}`] !== undefined);
  return ours.length === 0 || isOurWord ? said : undefined;
}

function identity({ kind, metadata }: KubeObject): string {
  return `${kind}/${metadata.name}`;
}

/** A companion (a disruption budget of a Deployment) is named. */
function nameIn({ object }: Rendered, { kind, metadata }: KubeObject, field: string): string {
  return kind === object.kind && metadata.name === object.metadata.name ? field : `${kind}/${metadata.name} ${field}`;
}
