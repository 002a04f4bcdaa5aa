import { HowdahError } from "../../kernel/howdah-error.ts";
import { DELETE_DATA_ANNOTATION } from "../../kernel/label.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { databasesNamed, dropDatabases } from "../../workflows/cluster/kept-databases.ts";
import { forgetKeys } from "../../workflows/tenant/tenant-keys.ts";
import type { OperatorPorts, Outcome } from "../operator-ports.ts";
import { isPreview } from "../preview/preview-place.ts";
import type { Verdict } from "../status.ts";
import { TENANT_LABEL } from "./tenant-objects.ts";

/** What goes by itself (pods that end, a namespace that empties) is looked at so often. Milliseconds. */
const SOON_MS = 2000;
/** A database server that is away. */
const AWAY_MS = 30_000;
/** Retention is counted in days. */
const LONGEST_MS = 3_600_000;
/** A retention of none ends when the Tenant is deleted, by another machine's clock. What ended longer before was said for a deletion that did not come. */
const AIR_MS = 300_000;

/** How far the deletion of a tenant is. */
export interface ReleasedTenant extends Outcome {
  /** Its namespaces that are still there. */
  readonly left: readonly string[];
  /** Why it is still there; none: it may go. */
  readonly verdict: Verdict | null;
}

/**
 * Deletes what a deleted tenant has, as far as somebody said so: without `DELETE_DATA_ANNOTATION` its namespaces stay, since they hold data. With it its
 * sites are taken down at once, its data is kept until that time, and then databases and namespaces go. What is away is waited for, with its reason in
 * the status. Each look reads how far it is, so nothing is done twice.
 */
export async function releaseTenant(tenant: KubeObject, ports: OperatorPorts, signal: AbortSignal): Promise<ReleasedTenant> {
  const { name } = tenant.metadata;
  const { items } = await ports.api.list(resources.Namespace, { labelSelector: `${TENANT_LABEL}=${name}` }, signal);
  const namespaces = items.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const left = namespaces.map(({ metadata }) => metadata.name);
  if (left.length === 0) {
    await forgetKeys(name, ports.portsFor(ports.ownNamespace));
    return { left, verdict: null };
  }
  const after = Date.parse(tenant.metadata.annotations?.[DELETE_DATA_ANNOTATION] ?? "");
  if (Number.isNaN(after)) return { left, verdict: { ...stalled, message: remain(left) } };
  if (after < Date.parse(tenant.metadata.deletionTimestamp ?? "") - AIR_MS)
    return { left, verdict: { ...stalled, message: `${former(after)} ${remain(left)}` } };
  if (await takesDown(left, ports, signal))
    return { left, verdict: waits("TakingDown", `Its sites are taken down: ${left.join(", ")}`), again: SOON_MS };
  const wait = after - ports.clock.now();
  if (wait > 0) {
    const verdict = waits("DataKept", `Its data is kept until ${new Date(after).toISOString()}, then it is deleted. ${toKeep(left)}`);
    return { left, verdict, again: Math.min(wait, LONGEST_MS) };
  }
  return deleteData(namespaces, left, ports, signal);
}

const stalled = { type: "Stalled", status: "True", reason: "NamespacesRemain" } as const;

function waits(reason: string, message: string): Verdict {
  return { type: "Reconciling", status: "True", reason, message };
}

function former(after: number): string {
  return `${DELETE_DATA_ANNOTATION} is ${new Date(after).toISOString()}, long before the Tenant was deleted: that was not said for this deletion.`;
}

function toKeep(left: readonly string[]): string {
  return `To keep them: kubectl label namespace ${left.join(" ")} ${TENANT_LABEL}-`;
}

function remain(left: readonly string[]): string {
  return `The namespaces ${left.join(", ")} hold data and stay. To delete them with all data: kubectl delete namespace ${left.join(" ")}. ${toKeep(left)}`;
}

/** Deletes its Sites; their environments go with them, and those with copies of data are deleted. True while one is there. */
async function takesDown(namespaces: readonly string[], { api }: OperatorPorts, signal: AbortSignal): Promise<boolean> {
  let busy = false;
  for (const namespace of namespaces) {
    const { items: sites } = await api.list(resources.Site, { namespace }, signal);
    for (const { metadata } of sites.filter(({ metadata: { deletionTimestamp } }) => deletionTimestamp === undefined)) {
      const preconditions = { uid: metadata.uid ?? "" };
      await api.delete({ resource: resources.Site, namespace, name: metadata.name }, { preconditions }, signal);
    }
    const { items: environments } = await api.list(resources.Environment, { namespace }, signal);
    for (const { metadata } of environments.filter((one) => isPreview(one) && one.metadata.deletionTimestamp === undefined))
      await api.delete(
        { resource: resources.Environment, namespace, name: metadata.name },
        { preconditions: { uid: metadata.uid ?? "" } },
        signal,
      );
    busy ||= sites.length + environments.length > 0;
  }
  return busy;
}

/** Databases first: by a namespace that is gone nobody finds them any more. */
async function deleteData(
  namespaces: readonly KubeObject[],
  left: readonly string[],
  ports: OperatorPorts,
  signal: AbortSignal,
): Promise<ReleasedTenant> {
  for (const { metadata } of namespaces.filter(({ metadata: { deletionTimestamp } }) => deletionTimestamp === undefined)) {
    const { name, uid = "" } = metadata;
    try {
      await forgetDatabases(name, ports, signal);
    } catch (error) {
      if (!(error instanceof HowdahError) || signal.aborted) throw error;
      return { left, verdict: waits(error.entry.reason, `The data of ${name} can't be deleted yet: ${error.message}`), again: AWAY_MS };
    }
    await ports.api.delete({ resource: resources.Namespace, namespace: undefined, name }, { preconditions: { uid } }, signal);
    ports.log("info", "namespace of a deleted tenant deleted with its data", { namespace: name });
  }
  return { left, verdict: waits("DeletingNamespaces", `The namespaces ${left.join(", ")} are being deleted`), again: SOON_MS };
}

/** Drops its databases on every server. One outside that is away holds nothing up which was never this namespace's: it may be gone for good. */
async function forgetDatabases(namespace: string, ports: OperatorPorts, signal: AbortSignal): Promise<void> {
  const there = ports.portsFor(namespace);
  await there.locks.hold(namespace, "tenant delete", async () => {
    const [record, kept, servers] = await Promise.all([
      there.records.get(namespace),
      there.keptDatabases?.get(namespace),
      there.databaseServers.list(),
    ]);
    const used = new Set([record?.database?.server, ...(kept?.databases ?? []).map(({ server }) => server)]);
    const outside = new Set(servers.filter(({ spec }) => spec.kind === "external").map(({ name }) => name));
    const found = await databasesNamed(namespace, there, (server, error) => {
      if (used.has(server) || !outside.has(server)) throw error;
      ports.log("warn", "a server outside is away, and was not asked for databases of a deleted tenant", { namespace, server });
    });
    await dropDatabases(namespace, found, there, { emit: () => undefined, signal });
    await there.keptDatabases?.remove(namespace);
  });
}
