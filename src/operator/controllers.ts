import type { KubeObject } from "../kubernetes/kubernetes-api.ts";
import type { ObjectView } from "../kubernetes/object-store.ts";
import { HOWDAH_GROUP } from "../kubernetes/resources.ts";
import { PRODUCTION } from "../workflows/cluster/cluster-place.ts";
import { TENANT_LABEL } from "./tenant/tenant-objects.ts";

/** What environments are made of: whatever of it somebody takes away comes back. Jobs and pods come and go by themselves. */
const PARTS = ["Deployment", "Service", "ConfigMap", "NetworkPolicy", "PodDisruptionBudget", "PersistentVolumeClaim"] as const;

/** What the operator watches. */
export const WATCHED = ["Tenant", "Namespace", "Site", "Environment", "Release", ...PARTS] as const;

export type WatchedKind = (typeof WATCHED)[number];

/** What the engine wrote has this label. */
const OWN = `${HOWDAH_GROUP}/engine`;

/** Of some kinds only what is ours. */
export const SELECTED: Readonly<Partial<Record<WatchedKind, string>>> = {
  Namespace: TENANT_LABEL,
  ...Object.fromEntries(PARTS.map((kind) => [kind, OWN])),
};

/** The kinds that are brought to what they ask for. */
export type ReconciledKind = "Tenant" | "Site" | "Environment";

/** `Site/acme/blog`, `Tenant//acme`: one key of the queue. */
export function queueKey(kind: ReconciledKind, namespace: string | undefined, name: string): string {
  return `${kind}/${namespace ?? ""}/${name}`;
}

/** What a key of the queue names. */
export function parseQueueKey(key: string): {
  readonly kind: ReconciledKind;
  readonly namespace: string | undefined;
  readonly name: string;
} {
  const [kind = "", namespace = "", name = ""] = key.split("/");
  return { kind: kind as ReconciledKind, namespace: namespace === "" ? undefined : namespace, name };
}

/**
 * Which keys have to be looked at when an object of a kind changed or went; `key` is the store's (`namespace/name`, or `name`). It may be more
 * than needed, never less: whoever looks reads everything anew.
 */
export function affected(
  kind: WatchedKind,
  key: string,
  stores: Readonly<Record<WatchedKind, Pick<ObjectView, "all" | "get">>>,
): readonly string[] {
  const slash = key.indexOf("/");
  const [namespace, name] = slash < 0 ? [undefined, key] : [key.slice(0, slash), key.slice(slash + 1)];
  const inNamespace = (of: "Site"): readonly string[] =>
    stores[of]
      .all()
      .filter((object) => object.metadata.namespace === namespace)
      .map((object) => queueKey(of, namespace, object.metadata.name));
  switch (kind) {
    case "Tenant":
      return [queueKey("Tenant", undefined, name)];
    case "Namespace":
      return tenantsOf(stores.Namespace.get(key), stores.Tenant.all()).map((tenant) => queueKey("Tenant", undefined, tenant));
    case "Site":
      return [...new Set([queueKey("Site", namespace, name), ...inNamespace("Site")])];
    case "Environment":
      return [queueKey("Environment", namespace, name), ...inNamespace("Site")];
    case "Release":
      return [queueKey("Environment", namespace, PRODUCTION), ...inNamespace("Site")];
    default:
      return [queueKey("Environment", namespace, PRODUCTION)];
  }
}

/** A namespace that went has no labels any more to ask. */
function tenantsOf(namespace: KubeObject | undefined, tenants: readonly KubeObject[]): readonly string[] {
  const owner = namespace?.metadata.labels?.[TENANT_LABEL];
  return owner === undefined ? tenants.map(({ metadata }) => metadata.name) : [owner];
}
