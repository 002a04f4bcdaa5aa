import { setTimeout as sleep } from "node:timers/promises";
import type { TenantBounds, TenantProfile } from "../../catalog/tenant-profiles.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { DocumentStore, Ports, SiteRecord } from "../ports.ts";

/** A site that a tenant has, or is getting. */
export interface TenantSite {
  /** As its file calls it. */
  readonly site: string;
  /** Its name on this machine. */
  readonly namespace: string;
  /** Absolute path of the site file. */
  readonly file: string;
  /** In the place of those of the file; null: the file's. */
  readonly hostnames: readonly string[] | null;
}

/** What was begun for a tenant and is not finished: the next command, or the agent, goes on with it. */
export interface TenantWork {
  readonly verb: "create" | "suspend" | "resume" | "profile" | "delete";
  /** RFC 3339. */
  readonly since: string;
  /** The process that is at it: while it lives nobody else goes on. */
  readonly by?: string;
  /** Of a deletion: where its data was handed over; null: nobody wanted it. Left out: not yet. */
  readonly exported?: string | null;
  /** Why it has to wait. */
  readonly waits?: string;
}

/** One client organization on this machine. Holds no secret. */
export interface Tenant {
  readonly name: string;
  /** Another tenant of this name, later, has another. */
  readonly uid: string;
  readonly profile: TenantProfile;
  readonly bounds: TenantBounds;
  readonly suspended: { readonly since: string; readonly message: string } | null;
  readonly sites: readonly TenantSite[];
  readonly work: TenantWork | null;
  readonly createdAt: string;
}

export type TenantPorts = Pick<Ports, "tenants" | "locks">;

/** The documents of this machine. Error: `usage/invalid` where tenants are resources. */
export function tenantStore({ tenants }: Pick<Ports, "tenants">): DocumentStore<Tenant> {
  if (tenants !== undefined) return tenants;
  throw new HowdahError("usage/invalid", "Tenants of a cluster are its Tenant resources");
}

/** A tenant of this machine. Error: `tenant/unknown`, naming those that there are. */
export async function requireTenant(name: string, ports: Pick<Ports, "tenants">): Promise<Tenant> {
  const found = await tenantStore(ports).get(name);
  if (found !== undefined) return found;
  const others = (await tenantStore(ports).list()).map((one) => one.name);
  throw new HowdahError("tenant/unknown", `There is no tenant ${JSON.stringify(name)} here`, {
    hint:
      others.length === 0
        ? `\`howdah tenant create ${/^[a-z0-9-]+$/.test(name) ? name : "NAME"}\` makes one.`
        : `Tenants here: ${others.slice(0, 20).join(", ")}${others.length > 20 ? "…" : ""}.`,
  });
}

const PATIENCE_MS = 20_000;
const PAUSE_MS = 50;

/** Changes a tenant's document; two commands at once change it one after the other. Error: `tenant/unknown`. */
export async function changeTenant(name: string, change: (tenant: Tenant) => Tenant, ports: TenantPorts): Promise<Tenant> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await ports.locks.hold(`tenant_${name}`, "tenant", async () => {
        const changed = change(await requireTenant(name, ports));
        await tenantStore(ports).put(name, changed);
        return changed;
      });
    } catch (error) {
      if (!(error instanceof HowdahError && error.code === "machine/busy") || Date.now() > end) throw error;
      await sleep(PAUSE_MS);
    }
  }
}

/** The sites of a tenant that are on this machine, by name. */
export async function recordsOf(tenant: Tenant, { records }: Pick<Ports, "records">): Promise<readonly SiteRecord[]> {
  return (await records.list(`${tenant.name}--`)).filter(({ site }) => site.tenant?.uid === tenant.uid);
}

/**
 * The same, once nobody is bringing up a site for the first time: that has no record until it is built, and would serve on, or come into service, though
 * its tenant was suspended or deleted meanwhile. Error: `machine/busy`.
 */
export async function settledRecordsOf(tenant: Tenant, ports: Pick<Ports, "records" | "locks">): Promise<readonly SiteRecord[]> {
  for (const { namespace } of tenant.sites)
    if ((await ports.records.get(namespace)) === undefined) await ports.locks.hold(namespace, "tenant", () => Promise.resolve());
  return await recordsOf(tenant, ports);
}

/** Refuses work on a site whose tenant is suspended or goes. Error: `tenant/suspended`, `tenant/unknown`. */
export async function requireActive(site: Pick<SiteRecord["site"], "tenant">, ports: Pick<Ports, "tenants">): Promise<void> {
  if (site.tenant === undefined || ports.tenants === undefined) return;
  refuseSuspended(await requireTenant(site.tenant.name, ports));
}

/** The same, of a tenant. */
export function refuseSuspended({ name, suspended, work }: Tenant): void {
  if (work?.verb === "delete")
    throw new HowdahError("tenant/suspended", `The tenant ${name} is being deleted`, {
      hint: `\`howdah tenant delete ${name}\` goes on with it.`,
    });
  if (suspended !== null) throw new HowdahError("tenant/suspended", `The tenant ${name} has been suspended since ${suspended.since}`);
}

/** Records of sites that may work: those of suspended tenants are left out. */
export async function activeRecords({ records, tenants }: Pick<Ports, "records" | "tenants">): Promise<readonly SiteRecord[]> {
  const resting = new Set(((await tenants?.list()) ?? []).filter(({ suspended }) => suspended !== null).map(({ uid }) => uid));
  return (await records.list()).filter(({ site }) => site.tenant === undefined || !resting.has(site.tenant.uid));
}
