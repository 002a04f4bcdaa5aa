import { randomBytes } from "node:crypto";
import { noBounds, type TenantBounds, type TenantProfile, tenantProfiles } from "../../catalog/tenant-profiles.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { TENANT_NAME } from "../../site/site-of-tenant.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { requireRoot } from "../up/check-machine.ts";
import { type UpDone, runUp } from "../up/run-up.ts";
import { ensureKeys } from "./tenant-keys.ts";
import { changeTenant, refuseSuspended, type Tenant, tenantStore } from "./tenant.ts";

/** A site of a new tenant, as typed. */
export interface WantedSite {
  /** Directory or site file. */
  readonly given: string;
  /** Undefined: those of the file, or `SITE.TENANT.localhost`. */
  readonly hostnames?: readonly string[] | undefined;
}

/** A tenant as it is asked for. */
export interface WantedTenant {
  readonly name: string;
  readonly profile: TenantProfile;
  /** Of the profile `own`. */
  readonly bounds?: TenantBounds | undefined;
  readonly sites: readonly WantedSite[];
}

/** What became of it. */
export interface CreatedTenant {
  readonly tenant: Tenant;
  /** False when it was all there. */
  readonly changed: boolean;
  readonly sites: readonly UpDone[];
}

/** The bounds of a profile. */
export function boundsOf({ profile, bounds }: Pick<WantedTenant, "profile" | "bounds">): TenantBounds {
  return profile === "own" ? (bounds ?? noBounds) : tenantProfiles[profile];
}

/** Error: `usage/invalid`. */
export function checkTenantName(name: string): void {
  if (TENANT_NAME.test(name)) return;
  throw new HowdahError("usage/invalid", `${JSON.stringify(name)} can't be a tenant's name`, {
    hint: "Small letters, digits and single hyphens, starting with a letter, at most 24 characters: `acme`, `city-library`.",
  });
}

/**
 * Makes a tenant with its key pair and its sites: each gets network, volumes, secrets, a database and its user, and answers at its URL. Each step is
 * written down before it begins, and what is there is kept: killed anywhere, the same command goes on. Errors: `tenant/exists` for another profile,
 * `tenant/suspended`, those of `up`.
 */
export async function createTenant(wanted: WantedTenant, directory: string, ports: Ports, context: EngineContext): Promise<CreatedTenant> {
  await requireRoot(ports);
  checkTenantName(wanted.name);
  const before = await tenantStore(ports).get(wanted.name);
  const tenant = before ?? (await begin(wanted, ports));
  if (before !== undefined) requireSame(before, wanted);
  refuseSuspended(tenant);
  await ensureKeys(tenant.name, ports);
  const sites: UpDone[] = [];
  for (const { given, hostnames } of wanted.sites) {
    const command = { given, directory, verb: "up", dryRun: false, tls: false, adopt: false, tenant: tenant.name } as const;
    const done = await runUp({ ...command, ...(hostnames === undefined ? {} : { hostnames }) }, ports, context);
    if (done.kind === "done") sites.push(done);
  }
  const finished = tenant.work?.verb === "create" ? await changeTenant(tenant.name, (now) => ({ ...now, work: null }), ports) : tenant;
  return { tenant: finished, changed: before?.work !== null || sites.some(({ released }) => released), sites };
}

async function begin(wanted: WantedTenant, ports: Ports): Promise<Tenant> {
  const since = new Date(ports.clock.now()).toISOString();
  const tenant: Tenant = {
    ...{ name: wanted.name, uid: randomBytes(16).toString("hex"), profile: wanted.profile, bounds: boundsOf(wanted) },
    ...{ suspended: null, sites: [], work: { verb: "create", since }, createdAt: since },
  };
  return await ports.locks.hold(`tenant_${wanted.name}`, "tenant create", async () => {
    const there = await tenantStore(ports).get(wanted.name);
    if (there === undefined) await tenantStore(ports).put(wanted.name, tenant);
    return there ?? tenant;
  });
}

function requireSame(there: Tenant, wanted: WantedTenant): void {
  if (there.profile === wanted.profile && JSON.stringify(there.bounds) === JSON.stringify(boundsOf(wanted))) return;
  throw new HowdahError("tenant/exists", `The tenant ${there.name} is here with the profile ${there.profile}, not ${wanted.profile}`);
}
