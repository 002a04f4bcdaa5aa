import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import type { KubeObject, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { StatusCondition } from "../../resources/schema/condition.ts";
import type { TenantSpec, TenantStatus } from "../../resources/schema/tenant.ts";
import { checkTenantName } from "../tenant/create-tenant.ts";

/** A tenant of a cluster, as its resource says. */
export interface ClusterTenant {
  readonly name: string;
  readonly profile: string | null;
  readonly suspended: boolean;
  readonly namespaces: readonly string[];
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
  const { name } = object.metadata;
  const conditions = status.conditions ?? [];
  const said =
    conditions.find(({ type, status: is }) => type === "Stalled" && is === "True") ?? conditions.find(({ type }) => type === "Ready");
  return {
    ...{ name, profile: spec.profile ?? null, suspended: spec.suspended === true, namespaces: spec.namespaces ?? [name] },
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

/** Asks the cluster for a tenant; its operator makes the namespace. What is there already stays. Error: `tenant/exists` for another profile. */
export async function createClusterTenant(
  { name, profile }: { readonly name: string; readonly profile: TenantSpec["profile"] },
  cluster: Cluster,
  signal: AbortSignal,
): Promise<ClusterTenant> {
  checkTenantName(name);
  const { api, context } = cluster;
  const there = await api.get(place(name), signal);
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
        hint: "`kubectl edit tenant` changes its profile.",
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
  await clusterTenant(name, cluster, signal);
  await cluster.api.mergePatch(place(name), { spec: { suspended } }, {}, signal);
  return clusterTenant(name, cluster, signal);
}
