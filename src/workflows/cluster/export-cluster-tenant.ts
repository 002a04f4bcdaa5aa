import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { HAND_OVER_ANNOTATION } from "../../kernel/label.ts";
import { CLOSED_QUOTA } from "../../kernel/own-names.ts";
import { resources } from "../../kubernetes/resources.ts";
import { writeYaml } from "../../site/documenting/write-yaml.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { type Exported, type OwedSite, writeExport } from "../tenant/export-tenant.ts";
import { SITE_FILE } from "../up/locate-site.ts";
import { type ClusterPlace, POLL_MS } from "./cluster-place.ts";
import { type ClusterTenant, tenantWithNamespaces } from "./cluster-tenants.ts";

/** What an export of a cluster's tenant needs of this machine. */
export type ExportPorts = Pick<Ports, "clock" | "clusters">;

type Cluster = ClusterPlace["cluster"];

/**
 * The export of a cluster's tenant on this machine (`writeExport`): each site by its namespace. Where a site rests a pod like its own reads its files; the
 * namespaces of a suspended tenant let it in meanwhile. Errors: `tenant/unknown`, those of `writeExport`, `cluster/forbidden`.
 */
export async function exportClusterTenant(
  name: string,
  wanted: { readonly file: string; readonly overwrite: boolean },
  cluster: Cluster,
  ports: ExportPorts,
  context: EngineContext,
): Promise<Exported> {
  const tenant = await tenantWithNamespaces(name, cluster, context.signal);
  const sites = await owedSites(tenant, cluster, ports, context);
  const write = (): Promise<Exported> => writeExport({ tenant: name, profile: tenant.profile ?? "own", ...wanted }, sites, ports, context);
  return tenant.suspended ? await whileOpen(tenant, cluster, write, ports, context) : await write();
}

/** Its sites that have a record: what never served has nothing to hand over. */
async function owedSites(
  { namespaces }: ClusterTenant,
  cluster: Cluster,
  { clusters }: ExportPorts,
  { signal }: EngineContext,
): Promise<readonly OwedSite[]> {
  const sites: OwedSite[] = [];
  for (const namespace of namespaces) {
    const ports = await clusters.ports(cluster, namespace);
    const record = await ports.records.get(namespace);
    if (record === undefined) continue;
    const copySiteFile = async (directory: string): Promise<void> => {
      const { items } = await cluster.api.list(resources.Site, { namespace }, signal);
      const site = items.find(({ metadata }) => metadata.name === record.site.name) ?? items[0];
      if (site === undefined) return;
      const { apiVersion, kind, metadata, spec } = site as typeof site & { readonly spec?: unknown };
      await writeFile(join(directory, SITE_FILE), writeYaml({ apiVersion, kind, metadata: { name: metadata.name }, spec }));
    };
    sites.push({ record, name: namespace, ports, copySiteFile });
  }
  return sites;
}

/** Lets pods into a suspended tenant's namespaces while it works. Whoever is killed in between leaves them open until the next export or deletion. */
async function whileOpen<T>(
  { name, namespaces }: ClusterTenant,
  { api }: Cluster,
  work: () => Promise<T>,
  { clock }: ExportPorts,
  { signal }: EngineContext,
): Promise<T> {
  const place = { resource: resources.Tenant, namespace: undefined, name };
  const mark = (value: string | null, until: AbortSignal) =>
    api.mergePatch(place, { metadata: { annotations: { [HAND_OVER_ANNOTATION]: value } } }, {}, until);
  try {
    await mark("true", signal);
    for (const namespace of namespaces) {
      const quota = { resource: resources.ResourceQuota, namespace, name: CLOSED_QUOTA };
      for (let waited = 0; (await api.get(quota, signal)) !== undefined; waited += POLL_MS) {
        if (waited > OPENING_MS)
          throw new HowdahError("cluster/failed", `Nobody opens the namespace ${namespace} for the pod that reads its files`, {
            hint: "Is the operator running? `howdah doctor --context NAME` says.",
          });
        await clock.sleep(POLL_MS, signal);
      }
    }
    return await work();
  } finally {
    await mark(null, AbortSignal.timeout(CLOSE_MS));
  }
}

/** The operator does it within moments, or a minute while it has much to do. */
const OPENING_MS = 120_000;
/** A command that is stopped does not stay longer. */
const CLOSE_MS = 30_000;
