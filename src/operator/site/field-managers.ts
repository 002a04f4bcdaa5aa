import type { ManagedFields } from "../../kubernetes/field-ownership.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";

function entriesOf(object: KubeObject): readonly ManagedFields[] {
  const { managedFields = [] } = object.metadata as { readonly managedFields?: readonly ManagedFields[] };
  return managedFields.filter(({ subresource }) => subresource === undefined);
}

/** Who changed a field of an object last (`spec`), and when. */
export function lastManagerOf(object: KubeObject, field: string): { readonly manager: string; readonly time: string } | undefined {
  const owners = entriesOf(object).filter(({ fieldsV1 }) => fieldsV1?.[`f:${field}`] !== undefined);
  const last = owners.toSorted((a, b) => ((a.time ?? "") < (b.time ?? "") ? 1 : -1))[0];
  return last === undefined ? undefined : { manager: last.manager, time: last.time ?? "" };
}

/** Who owns a field of an object's `spec`. */
export function managersOf(object: KubeObject, field: string): readonly string[] {
  return entriesOf(object)
    .filter(({ fieldsV1 }) => Object.hasOwn(fieldsV1?.["f:spec"] ?? {}, `f:${field}`))
    .map(({ manager }) => manager);
}
