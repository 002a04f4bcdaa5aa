import { HowdahError } from "../../kernel/howdah-error.ts";
import { DELETE_DATA_ANNOTATION } from "../../kernel/label.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { shownTask } from "../shown-task.ts";
import { type ClusterPlace, POLL_MS, PRODUCTION } from "./cluster-place.ts";
import { type ClusterTenant, suspendClusterTenant, tenantWithNamespaces } from "./cluster-tenants.ts";
import { type ExportPorts, exportClusterTenant } from "./export-cluster-tenant.ts";

/** What deleting a tenant of a cluster does, before anybody says yes. */
export interface ClusterDeletionPlan {
  readonly tenant: ClusterTenant;
  readonly deletes: readonly string[];
  readonly keeps: readonly string[];
  readonly keptUntil: string;
}

type Cluster = ClusterPlace["cluster"];
type DeletionPorts = ExportPorts & Pick<Ports, "settings">;

const DAY_MS = 24 * 60 * 60 * 1000;
/** So long the operator may take to suspend or take down a namespace: pods get their grace, and an operator under load its time. Milliseconds. */
const PATIENCE_MS = 600_000;
/** A command that is stopped does not stay longer. */
const UNMARK_MS = 30_000;

/** Names everything before anything happens. Error: `tenant/unknown`. */
export async function planClusterDeletion(
  name: string,
  cluster: Cluster,
  { clock, settings }: DeletionPorts,
  signal: AbortSignal,
): Promise<ClusterDeletionPlan> {
  const tenant = await tenantWithNamespaces(name, cluster, signal);
  const sites = await Promise.all(tenant.namespaces.map((namespace) => cluster.api.list(resources.Site, { namespace }, signal)));
  const said = tenant.deleting === null ? Number.NaN : Date.parse(tenant.deleting.dataGoes ?? "");
  return {
    tenant,
    deletes: [
      ...sites.flatMap(({ items }) => items.map(({ metadata }) => `site ${metadata.name} in ${metadata.namespace ?? ""}`)),
      `tenant ${name}`,
    ],
    keeps: tenant.namespaces.map((namespace) => `namespace ${namespace} with its volumes and secrets, and its database`),
    keptUntil: new Date(Number.isNaN(said) ? clock.now() + settings.retentionDays * DAY_MS : said).toISOString(),
  };
}

/**
 * Deletes a tenant of a cluster: it is suspended, its data handed over (to `exportTo`; null: nobody wants it), and then the operator takes its sites down
 * and deletes its data after the retention period, whatever becomes of this command. Cut off before the Tenant was deleted, the same command begins
 * anew; after that it only waits. Errors: those of the export, after which nothing is deleted; `cluster/failed` when nobody carries it out.
 */
export async function deleteClusterTenant(
  { tenant, keptUntil }: ClusterDeletionPlan,
  exportTo: string | null,
  cluster: Cluster,
  ports: DeletionPorts,
  context: EngineContext,
): Promise<void> {
  const { name } = tenant;
  if (tenant.deleting === null) {
    await handOver(tenant, exportTo, cluster, ports, context);
    await markDeleted(name, later(keptUntil, ports.clock.now()), cluster, context.signal);
  }
  await shownTask("cluster/take-down", `take ${name} down on ${cluster.context}`, context, () =>
    until(async () => !(await hasEnvironments(tenant, cluster, context.signal)), cluster, ports, context),
  );
}

async function handOver(
  tenant: ClusterTenant,
  exportTo: string | null,
  cluster: Cluster,
  ports: DeletionPorts,
  context: EngineContext,
): Promise<void> {
  const { name } = tenant;
  const { signal } = context;
  await suspendClusterTenant(name, true, cluster, signal);
  try {
    await shownTask("cluster/suspend", `suspend ${name} on ${cluster.context}`, context, () =>
      until(() => allRest(tenant, cluster, signal), cluster, ports, context),
    );
    if (exportTo !== null) await exportClusterTenant(name, { file: exportTo, overwrite: true }, cluster, ports, context);
  } catch (error) {
    if (!tenant.suspended && !signal.aborted) await suspendClusterTenant(name, false, cluster, signal);
    throw error;
  }
}

/** An export may take longer than a short retention: a time before the deletion is obeyed by nobody. */
function later(keptUntil: string, now: number): string {
  return new Date(Math.max(Date.parse(keptUntil), now)).toISOString();
}

/** When its data goes is said before it is deleted: the operator must not find a deleted Tenant without it. It stays on none that lives. */
async function markDeleted(name: string, keptUntil: string, { api }: Cluster, signal: AbortSignal): Promise<void> {
  const metadata = { annotations: { [DELETE_DATA_ANNOTATION]: keptUntil } };
  const place = { resource: resources.Tenant, namespace: undefined, name };
  const { uid = "" } = (await api.mergePatch(place, { metadata }, {}, signal)).metadata;
  try {
    await api.delete(place, { preconditions: { uid } }, signal);
  } catch (error) {
    await unmark(name, uid, api).catch(() => undefined); // `howdah tenant resume` does it, too
    throw error;
  }
}

/** Takes the mark from a Tenant that was not deleted; the API server may have deleted it and not answered. */
async function unmark(name: string, uid: string, api: Cluster["api"]): Promise<void> {
  const place = { resource: resources.Tenant, namespace: undefined, name };
  const signal = AbortSignal.timeout(UNMARK_MS);
  const { metadata } = (await api.get(place, signal)) ?? {};
  if (metadata === undefined || metadata.uid !== uid || metadata.deletionTimestamp !== undefined) return;
  const { resourceVersion } = metadata;
  await api.mergePatch(place, { metadata: { resourceVersion, annotations: { [DELETE_DATA_ANNOTATION]: null } } }, {}, signal);
}

async function until(
  isSo: () => Promise<boolean>,
  cluster: Cluster,
  { clock }: Pick<Ports, "clock">,
  { signal }: EngineContext,
): Promise<void> {
  for (let waited = 0; !(await isSo()); waited += POLL_MS) {
    if (waited >= PATIENCE_MS)
      throw new HowdahError("cluster/failed", "The operator has not carried it out in ten minutes", {
        hint: `\`howdah tenant ls --context ${cluster.context}\` and \`kubectl get environments -A\` say why; the same command goes on. No data is deleted.`,
      });
    await clock.sleep(POLL_MS, signal);
  }
}

interface EnvironmentWithStatus {
  readonly status?: { readonly conditions?: readonly { readonly type: string; readonly reason: string }[] };
}

async function allRest({ namespaces }: ClusterTenant, { api }: Cluster, signal: AbortSignal): Promise<boolean> {
  const found = await Promise.all(
    namespaces.map((namespace) => api.get({ resource: resources.Environment, namespace, name: PRODUCTION }, signal)),
  );
  return (found as readonly (EnvironmentWithStatus | undefined)[]).every(
    (one) =>
      one === undefined ||
      one.status?.conditions?.some(({ type, reason }) => type === "Ready" && ["TenantSuspended", "NoRelease"].includes(reason)) === true,
  );
}

async function hasEnvironments({ namespaces }: ClusterTenant, { api }: Cluster, signal: AbortSignal): Promise<boolean> {
  const found = await Promise.all(namespaces.map((namespace) => api.list(resources.Environment, { namespace }, signal)));
  return found.some(({ items }) => items.length > 0);
}
