import { noBounds, tenantProfiles } from "../../catalog/tenant-profiles.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { Observed } from "../../observe/observed.ts";
import { bytesOf } from "../../kubernetes/quantity.ts";
import type { TenantSpec } from "../../resources/schema/tenant.ts";
import type { Ports, SiteRecord } from "../ports.ts";
import { databaseUsage, serversAskedOnce, type SiteUsage, type TenantUsage, usageOf, type UsersOf } from "../tenant/tenant-usage.ts";
import { TENANT_LABEL } from "./cluster-place.ts";
import { measurePods, type MeasuredPods } from "./measure-pods.ts";

/** Sites that are looked at side by side: each look starts programs in its pods. */
const WIDTH = 4;

/** The ports of a cluster's namespaces. */
export type PortsThere = (namespace: string) => Promise<Pick<Ports, "engine" | "databases" | "records">>;

/**
 * What tenants of a cluster use: all, or one. Each database server is asked once. Memory of containers without PHP is what the cluster's metrics server
 * says; CPU time is that of PHP. Error: `tenant/unknown`.
 */
export async function clusterUsage(
  name: string | undefined,
  { api, context }: Pick<ConnectedCluster, "api" | "context">,
  portsThere: PortsThere,
  signal: AbortSignal,
): Promise<readonly TenantUsage[]> {
  const [{ items: all }, { items: spaces }] = await Promise.all([
    api.list(resources.Tenant, {}, signal),
    api.list(resources.Namespace, { labelSelector: TENANT_LABEL }, signal),
  ]);
  const tenants = all
    .filter(({ metadata }) => name === undefined || metadata.name === name)
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  if (name !== undefined && tenants.length === 0)
    throw new HowdahError("tenant/unknown", `The cluster ${context} has no tenant ${JSON.stringify(name)}`, {
      hint: `\`howdah tenant ls --context ${context}\` lists them.`,
    });
  let usersOf: UsersOf | undefined;
  const look = async (namespace: string): Promise<readonly SiteUsage[]> => {
    const ports = await portsThere(namespace);
    const record = await ports.records.get(namespace);
    usersOf ??= serversAskedOnce(ports);
    return record === undefined ? [] : [await siteUsage(record, await measurePods(record, { api, signal }), usersOf, ports)];
  };
  const answers: TenantUsage[] = [];
  for (const tenant of tenants) {
    const own = spaces.filter(({ metadata }) => metadata.labels?.[TENANT_LABEL] === tenant.metadata.name);
    const namespaces = own.map(({ metadata }) => metadata.name).toSorted();
    const sites: SiteUsage[] = [];
    for (let at = 0; at < namespaces.length; at += WIDTH)
      sites.push(...(await Promise.all(namespaces.slice(at, at + WIDTH).map(look))).flat());
    answers.push(usageOf(factsOf(tenant), sites));
  }
  return answers;
}

function factsOf(tenant: KubeObject): Parameters<typeof usageOf>[0] {
  const { profile = "own", suspended = false, storage } = (tenant["spec"] ?? {}) as Partial<TenantSpec>;
  const { diskBytes } = profile === "own" ? noBounds : tenantProfiles[profile];
  return {
    name: tenant.metadata.name,
    profile,
    suspended,
    diskBytes: storage === undefined ? diskBytes : bytesOf(String(storage)),
  };
}

async function siteUsage(
  record: SiteRecord,
  measured: MeasuredPods,
  usersOf: UsersOf,
  ports: Pick<Ports, "engine" | "databases">,
): Promise<SiteUsage> {
  const { namespace, site } = record;
  const observed = await ports.engine.observe(namespace);
  return {
    ...{ site: site.name, namespace, volumeBytes: measured.volumeBytes, cpuSeconds: measured.cpuSeconds },
    database: await databaseUsage(record, usersOf, ports),
    memoryBytes: measured.memoryBytes + memoryBeside(observed),
  };
}

/** PHP's own is measured in its container. */
function memoryBeside({ pods }: Observed): number {
  const others = pods.flatMap(({ containers }) => containers.filter(({ name }) => name !== "php"));
  return others.reduce((total, { memoryBytes = 0 }) => total + memoryBytes, 0);
}
