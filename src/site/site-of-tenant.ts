import type { TenantBounds } from "../catalog/tenant-profiles.ts";
import { defaultHostnames } from "./defaults.ts";
import { bytesOf } from "./resolving/quantity.ts";
import type { Site } from "./site.ts";

/** Whose a site becomes. */
export interface TenantOfSite {
  readonly name: string;
  /** Another tenant of that name, later, is another one. */
  readonly uid: string;
  readonly bounds: TenantBounds;
  /** In the place of those of the site file, which several tenants may share. */
  readonly hostnames: readonly string[] | null;
}

/** A tenant's name: a DNS label without a double hyphen, and short, since it is a part of others. */
export const TENANT_NAME = /^[a-z](?:-?[a-z0-9]){0,23}$/;

/** Names of containers and labels hold so many characters. */
const LONGEST_NAME = 54;

/** The name of a tenant's site among all: a tenant's name holds no `--`, so two tenants never share one. Undefined when it would be too long. */
export function nameOfTenantSite(tenant: string, site: string): string | undefined {
  const name = `${tenant}--${site}`;
  return name.length <= LONGEST_NAME ? name : undefined;
}

/**
 * The site as it is a tenant's: its own name, so that network, volumes, secrets and database are its own, hostnames of its own, and what the
 * profile gives: replicas, workers, memory, connections. A mount asks for no more than the profile's disk.
 */
export function siteOfTenant(site: Site, tenant: TenantOfSite, name: string): Site {
  const { bounds } = tenant;
  const usual = defaultHostnames(site.name, site.environment).join() === site.hostnames.join();
  const own = tenant.hostnames ?? (usual ? [`${site.name}.${tenant.name}.localhost`] : site.hostnames);
  return {
    ...siteWithin(site, bounds),
    name,
    tenant: { name: tenant.name, uid: tenant.uid, site: site.name },
    hostnames: own,
  };
}

/** A site with what a profile gives; what it says nothing of stays. */
export function siteWithin(site: Site, bounds: TenantBounds): Site {
  const { connections, statementSeconds } = bounds;
  return {
    ...site,
    runtime: runtimeWithin(site.runtime, bounds),
    database: site.database === null ? null : { ...site.database, limits: { connections, statementSeconds } },
    mounts: site.mounts.map((mount) => ({ ...mount, size: smaller(mount.size, bounds.diskBytes) })),
    scale: scaleWithin(site, bounds),
  };
}

function runtimeWithin(runtime: Site["runtime"], { workers }: TenantBounds): Site["runtime"] {
  return runtime === null || workers === null ? runtime : { ...runtime, fpm: { ...runtime.fpm, maxChildren: workers } };
}

/** Code that is data has one writer. */
function scaleWithin({ scale, code }: Site, { replicas, memoryBytes }: TenantBounds): Site["scale"] {
  const count = replicas === null || code === "writable" ? scale.replicas : replicas;
  const { max } = scale;
  return {
    ...scale,
    replicas: count,
    ...(max === undefined ? {} : { max: Math.max(max, count) }),
    memoryBytes: memoryBytes ?? scale.memoryBytes,
  };
}

function smaller(size: string, most: number | null): string {
  return most === null || bytesOf(size) <= most ? size : `${String(Math.max(1, Math.floor(most / 1024 ** 2)))}Mi`;
}
