import { HowdahError } from "../../kernel/howdah-error.ts";
import type { DatabaseUse } from "../../providers/database/database-server.ts";
import type { Ports, SiteRecord } from "../ports.ts";
import { serverReference } from "../up/database-server.ts";
import { recordsOf, type Tenant, tenantStore } from "./tenant.ts";

/** What one site uses now. Counters of the database begin when its server starts, those of the CPU when a pod does. */
export interface SiteUsage {
  readonly site: string;
  readonly namespace: string;
  readonly volumeBytes: number;
  /** Null: it has none, or its server does not run. */
  readonly database: (Omit<DatabaseUse, "user"> & { readonly bytes: number }) | null;
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
}

/** A tenant's, with the sum of its sites. */
export interface TenantUsage {
  readonly tenant: string;
  readonly profile: string;
  readonly suspended: boolean;
  readonly storageBytes: number;
  /** Of all its sites together: the profile's disk for each. Null: no bound. */
  readonly storageBound: number | null;
  readonly connections: number;
  readonly queries: number;
  readonly databaseCpuSeconds: number;
  readonly memoryBytes: number;
  readonly cpuSeconds: number;
  readonly sites: readonly SiteUsage[];
}

export type UsagePorts = Pick<Ports, "engine" | "databases" | "records" | "tenants">;

/** Sites that are looked at side by side: each look starts three short programs. */
const WIDTH = 4;

/** What tenants use: all, or one. Each database server is asked once. */
export async function tenantUsage(tenants: readonly Tenant[], ports: UsagePorts): Promise<readonly TenantUsage[]> {
  const usersOf = serversAskedOnce(ports);
  const answers: TenantUsage[] = [];
  for (const tenant of tenants) {
    const records = await recordsOf(tenant, ports);
    const sites: SiteUsage[] = [];
    for (let at = 0; at < records.length; at += WIDTH)
      sites.push(...(await Promise.all(records.slice(at, at + WIDTH).map((record) => siteUsage(record, usersOf, ports)))));
    const { name, profile, suspended, bounds } = tenant;
    answers.push(usageOf({ name, profile, suspended: suspended !== null, diskBytes: bounds.diskBytes }, sites));
  }
  return answers;
}

/** What users of a server do, by name. Undefined: it does not answer. */
export type UsersOf = (server: string) => Promise<ReadonlyMap<string, DatabaseUse> | undefined>;

/** Asks each database server once, however many sites are on it. */
export function serversAskedOnce(ports: Pick<UsagePorts, "engine" | "databases">): UsersOf {
  const servers = new Map<string, ReturnType<UsersOf>>();
  return (server) => {
    const asked = servers.get(server) ?? askServer(server, ports);
    servers.set(server, asked);
    return asked;
  };
}

/** Every tenant of this machine, by name. */
export async function allTenants(ports: Pick<Ports, "tenants">): Promise<readonly Tenant[]> {
  return await tenantStore(ports).list();
}

/** Undefined while a server does not answer: that is no reason to say nothing of the rest. */
async function askServer(server: string, ports: Pick<UsagePorts, "engine" | "databases">): ReturnType<UsersOf> {
  try {
    return new Map((await ports.databases.usage(serverReference(server, ports))).map((use) => [use.user, use]));
  } catch (error) {
    if (error instanceof HowdahError) return undefined;
    throw error;
  }
}

const nothing: Omit<DatabaseUse, "user"> = {
  ...{ connections: 0, connectionsSince: 0, queries: 0 },
  ...{ cpuSeconds: 0, rowsRead: 0, rowsWritten: 0 },
};

/** What a site's database does. Null: it has none, or its server does not answer. */
export async function databaseUsage(
  { database }: Pick<SiteRecord, "database">,
  usersOf: UsersOf,
  ports: Pick<UsagePorts, "engine" | "databases">,
): Promise<SiteUsage["database"]> {
  const users = database === null ? undefined : await usersOf(database.server);
  if (database === null || users === undefined) return null;
  const { user: _user, ...use } = users.get(database.user) ?? { user: "", ...nothing };
  return { ...use, bytes: await ports.databases.sizeBytes({ server: serverReference(database.server, ports), name: database.name }) };
}

async function siteUsage(record: SiteRecord, usersOf: UsersOf, ports: UsagePorts): Promise<SiteUsage> {
  const { site, namespace } = record;
  const { volumes, pods } = await ports.engine.observe(namespace);
  const containers = pods.flatMap((pod) => pod.containers);
  return {
    ...{ site: site.tenant?.site ?? site.name, namespace },
    volumeBytes: sum(volumes.map(({ usedBytes }) => usedBytes)),
    database: await databaseUsage(record, usersOf, ports),
    memoryBytes: sum(containers.map(({ memoryBytes }) => memoryBytes)),
    cpuSeconds: sum(containers.map(({ cpuSeconds }) => cpuSeconds)),
  };
}

/** A tenant's usage, of what its sites use. */
export function usageOf(
  { name, profile, suspended, diskBytes }: Pick<TenantUsage, "profile" | "suspended"> & { name: string; diskBytes: number | null },
  sites: readonly SiteUsage[],
): TenantUsage {
  return {
    ...{ tenant: name, profile, suspended },
    storageBytes: sum(sites.map(({ volumeBytes, database }) => volumeBytes + (database?.bytes ?? 0))),
    storageBound: diskBytes === null ? null : diskBytes * sites.length,
    connections: sum(sites.map(({ database }) => database?.connections)),
    queries: sum(sites.map(({ database }) => database?.queries)),
    databaseCpuSeconds: sum(sites.map(({ database }) => database?.cpuSeconds)),
    memoryBytes: sum(sites.map(({ memoryBytes }) => memoryBytes)),
    cpuSeconds: sum(sites.map(({ cpuSeconds }) => cpuSeconds)),
    sites,
  };
}

function sum(numbers: readonly (number | undefined)[]): number {
  return numbers.reduce<number>((total, one) => total + (one ?? 0), 0);
}
