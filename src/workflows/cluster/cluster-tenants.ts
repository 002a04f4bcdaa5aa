import type { TenantBounds } from "../../catalog/tenant-profiles.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { DELETE_DATA_ANNOTATION } from "../../kernel/label.ts";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import type { KubeObject, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { StatusCondition } from "../../resources/schema/condition.ts";
import type { TenantSpec, TenantStatus } from "../../resources/schema/tenant.ts";
import { checkTenantName } from "../tenant/create-tenant.ts";
import { TENANT_LABEL } from "./cluster-place.ts";

/** A tenant of a cluster, as its resource says. */
export interface ClusterTenant {
  readonly name: string;
  readonly profile: string | null;
  readonly suspended: boolean;
  readonly namespaces: readonly string[];
  /** Somebody deleted it; `dataGoes`: when its data is deleted, if anybody said. */
  readonly deleting: { readonly dataGoes: string | null } | null;
  /** What stands in its way, else whether its namespaces are in place; null until the operator has looked. */
  readonly condition: Pick<StatusCondition, "reason" | "message"> | null;
}

type Cluster = Pick<ConnectedCluster, "api" | "context">;

function place(name: string): ObjectName {
  return { resource: resources.Tenant, namespace: undefined, name };
}

function tenantOf(object: KubeObject): ClusterTenant {
  const spec = (object["spec"] ?? {}) as Partial<TenantSpec>;
  const status = (object["status"] ?? {}) as Partial<TenantStatus>;
  const { name, deletionTimestamp, annotations } = object.metadata;
  const conditions = status.conditions ?? [];
  const said =
    conditions.find(({ type, status: is }) => type === "Stalled" && is === "True") ??
    conditions.find(({ type, status: is }) => type === "Reconciling" && is === "True") ??
    conditions.find(({ type }) => type === "Ready");
  return {
    ...{ name, profile: spec.profile ?? null, suspended: spec.suspended === true, namespaces: spec.namespaces ?? [name] },
    deleting: deletionTimestamp === undefined ? null : { dataGoes: annotations?.[DELETE_DATA_ANNOTATION] ?? null },
    condition: said === undefined ? null : { reason: said.reason, message: said.message },
  };
}

/** Every tenant of a cluster, by name. */
export async function clusterTenants({ api }: Cluster, signal: AbortSignal): Promise<readonly ClusterTenant[]> {
  const { items } = await api.list(resources.Tenant, {}, signal);
  return items.map(tenantOf).sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** One. Error: `tenant/unknown`. */
export async function clusterTenant(name: string, { api, context }: Cluster, signal: AbortSignal): Promise<ClusterTenant> {
  const found = await api.get(place(name), signal);
  if (found !== undefined) return tenantOf(found);
  throw new HowdahError("tenant/unknown", `The cluster ${context} has no tenant ${JSON.stringify(name)}`, {
    hint: `\`howdah tenant ls --context ${context}\` lists them; \`howdah tenant create NAME --context ${context}\` makes one.`,
  });
}

/**
 * One with every namespace that its deletion takes: those with its label, as the operator reads them, also where the spec names them no more; and those of
 * the spec that the operator has yet to take. Error: `tenant/unknown`.
 */
export async function tenantWithNamespaces(name: string, cluster: Cluster, signal: AbortSignal): Promise<ClusterTenant> {
  const tenant = await clusterTenant(name, cluster, signal);
  const { items } = await cluster.api.list(resources.Namespace, { labelSelector: TENANT_LABEL }, signal);
  const owners = new Map(items.map(({ metadata }) => [metadata.name, metadata.labels?.[TENANT_LABEL]]));
  const labelled = [...owners.keys()].filter((namespace) => owners.get(namespace) === name);
  const asked = tenant.deleting === null ? tenant.namespaces.filter((namespace) => !owners.has(namespace)) : [];
  return { ...tenant, namespaces: [...labelled, ...asked].toSorted() };
}

/** Asks the cluster for a tenant; its operator makes the namespace. What is there already stays. Error: `tenant/exists` for another profile. */
export async function createClusterTenant(
  { name, profile }: { readonly name: string; readonly profile: TenantSpec["profile"] },
  cluster: Cluster,
  signal: AbortSignal,
): Promise<ClusterTenant> {
  checkTenantName(name);
  const { api, context } = cluster;
  const there = await api.get(place(name), signal);
  if (there?.metadata.deletionTimestamp !== undefined) throw beingDeleted(name, context);
  if (there === undefined) {
    const spec = profile === undefined ? {} : { profile };
    await api.apply(
      resources.Tenant,
      { apiVersion: "howdah.dev/v1alpha1", kind: "Tenant", metadata: { name }, spec },
      { force: false },
      signal,
    );
  } else if ((tenantOf(there).profile ?? "own") !== (profile ?? "own"))
    throw new HowdahError(
      "tenant/exists",
      `The tenant ${name} is on ${context} with the profile ${tenantOf(there).profile ?? "own"}, not ${profile ?? "own"}`,
      {
        hint: `\`howdah tenant profile ${name} PROFILE --context ${context}\` changes it.`,
      },
    );
  return clusterTenant(name, cluster, signal);
}

/** Asks the cluster to suspend a tenant, or to let it work again: its operator carries it out. Error: `tenant/unknown`. */
export async function suspendClusterTenant(
  name: string,
  suspended: boolean,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<ClusterTenant> {
  const { deleting } = await clusterTenant(name, cluster, signal);
  if (deleting !== null) throw beingDeleted(name, cluster.context);
  // Who lets it work again wants its data: a time that a deletion left behind must not be found by a later one.
  const metadata = suspended ? {} : { metadata: { annotations: { [DELETE_DATA_ANNOTATION]: null } } };
  await cluster.api.mergePatch(place(name), { ...metadata, spec: { suspended } }, {}, signal);
  return clusterTenant(name, cluster, signal);
}

/** What a profile is to be on a cluster: numbers of pods are the site file's there. */
export interface ClusterProfile {
  readonly profile: NonNullable<TenantSpec["profile"]>;
  /** Of the profile `own`; 0 and null: no bound. */
  readonly bounds?: Pick<TenantBounds, "connections" | "statementSeconds" | "diskBytes"> | undefined;
}

/**
 * Gives a tenant another profile: its operator changes quotas and database users, without a new release. Numbers that somebody set before go with the
 * former profile. Errors: `tenant/unknown`, `tenant/suspended` while it is being deleted.
 */
export async function changeClusterProfile(
  name: string,
  { profile, bounds }: ClusterProfile,
  cluster: Cluster,
  signal: AbortSignal,
): Promise<ClusterTenant> {
  const { deleting } = await clusterTenant(name, cluster, signal);
  if (deleting !== null) throw beingDeleted(name, cluster.context);
  const { connections = 0, statementSeconds = 0, diskBytes = null } = bounds ?? {};
  const spec = {
    profile,
    database: bounds === undefined ? null : { connections, statementSeconds },
    storage: diskBytes === null ? null : String(diskBytes),
  };
  await cluster.api.mergePatch(place(name), { spec }, {}, signal);
  return clusterTenant(name, cluster, signal);
}

function beingDeleted(name: string, context: string): HowdahError {
  return new HowdahError("tenant/suspended", `The tenant ${name} of ${context} is being deleted`, {
    hint: `\`howdah tenant show ${name} --context ${context}\` says how far that is, and how to keep its data.`,
  });
}
