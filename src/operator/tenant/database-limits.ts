import { noBounds, tenantProfiles } from "../../catalog/tenant-profiles.ts";
import type { TenantSpec } from "../../resources/schema/tenant.ts";

/** What bounds the database user of each site of a tenant; 0: no bound. */
export interface DatabaseLimits {
  readonly connections: number;
  readonly statementSeconds: number;
}

/** A tenant's own numbers, else its profile's: as on one machine, so that no client takes the connections of the others. Pure. */
export function databaseLimits({ profile, database }: Pick<Partial<TenantSpec>, "profile" | "database">): DatabaseLimits {
  const bounds = profile === undefined || !Object.hasOwn(tenantProfiles, profile) || profile === "own" ? noBounds : tenantProfiles[profile];
  const { connections = bounds.connections, statementSeconds = bounds.statementSeconds } = database ?? {};
  return { connections, statementSeconds };
}
