import type { KubeObject, KubernetesApi, Resource } from "../kubernetes/kubernetes-api.ts";
import { apiVersionOf } from "../kubernetes/resources.ts";
import { canonicalJson } from "../render/rendered.ts";
import type { StatusCondition } from "../resources/schema/condition.ts";

/** A condition that was decided: stable words, no clock and no counters in it. */
export interface Verdict {
  readonly type: "Ready" | "Reconciling" | "Stalled" | "RoutersInStep" | "DatabaseWritable";
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/** Verdicts as a status has them: sorted by type, each with the time since when it is so. Equal verdicts give an equal list. */
export function conditionsOf(
  verdicts: readonly Verdict[],
  former: readonly StatusCondition[] | undefined,
  { generation, now }: { readonly generation: number; readonly now: string },
): StatusCondition[] {
  return verdicts
    .toSorted((a, b) => (a.type < b.type ? -1 : 1))
    .map((verdict) => {
      const before = former?.find(({ type }) => type === verdict.type);
      const lastTransitionTime = before?.status === verdict.status ? before.lastTransitionTime : now;
      return { ...verdict, observedGeneration: generation, lastTransitionTime };
    });
}

/** The verdict of a type in a status. */
export function conditionIn(status: { readonly conditions?: readonly StatusCondition[] | undefined } | undefined, type: Verdict["type"]) {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** What an object's status says; nothing before anybody has written it. */
export function statusOf<T extends object>(object: KubeObject): Partial<T> {
  return (object["status"] as Partial<T> | undefined) ?? {};
}

/**
 * Writes a status when it says something new. The uid goes along, so that an object of the same name that was made meanwhile is left alone.
 * Answers whether anything was written.
 */
export async function writeStatus(
  api: Pick<KubernetesApi, "apply">,
  resource: Resource,
  object: KubeObject,
  status: object,
): Promise<boolean> {
  const wanted: unknown = JSON.parse(JSON.stringify(status)); // fields that are undefined are none
  if (canonicalJson(wanted) === canonicalJson(object["status"] ?? {})) return false;
  const { name, namespace, uid } = object.metadata;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }), ...(uid === undefined ? {} : { uid }) };
  await api.apply(
    resource,
    { apiVersion: apiVersionOf(resource), kind: resource.kind, metadata, status: wanted },
    { subresource: "status" },
  );
  return true;
}
