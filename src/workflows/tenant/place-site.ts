import { HowdahError } from "../../kernel/howdah-error.ts";
import { hostname } from "../../site/schema/grammar.ts";
import type { Site } from "../../site/site.ts";
import { nameOfTenantSite, siteOfTenant, siteWithin } from "../../site/site-of-tenant.ts";
import type { Ports } from "../ports.ts";
import { bringKeys } from "./tenant-keys.ts";
import { changeTenant, refuseSuspended, requireTenant, type TenantPorts } from "./tenant.ts";

/** Into which tenant a site goes. */
export interface Placement {
  /** Undefined: into none. */
  readonly tenant: string | undefined;
  /** In the place of those of its file, or of those that it has there. */
  readonly hostnames?: readonly string[] | undefined;
}

/**
 * A site of a file as it is in its tenant. Errors: `tenant/unknown`, `tenant/suspended`; `usage/invalid` for hostnames without a tenant or outside
 * the grammar; `site/invalid` when both names together are too long.
 */
export async function placeSite(site: Site, { tenant: name, hostnames }: Placement, ports: Pick<Ports, "tenants">): Promise<Site> {
  if (name === undefined) {
    if (hostnames === undefined) return site;
    throw new HowdahError("usage/invalid", "--hostname is for --tenant: other sites have theirs in spec.hostnames");
  }
  for (const one of hostnames ?? []) {
    if (!hostname.safeParse(one).success)
      throw new HowdahError("usage/invalid", `${JSON.stringify(one)} is no hostname such as www.example.org`);
  }
  const tenant = await requireTenant(name, ports);
  refuseSuspended(tenant);
  const own = nameOfTenantSite(name, site.name);
  if (own === undefined)
    throw new HowdahError("site/invalid", `The names ${name} and ${site.name} are too long together: 52 characters at most`, {
      hint: "Choose a shorter metadata.name in the site file.",
    });
  const known = tenant.sites.find((one) => one.site === site.name);
  return siteOfTenant(site, { ...tenant, hostnames: hostnames ?? known?.hostnames ?? null }, own);
}

/** A former release's site with the profile that its tenant has today: going back to old code is no way back to another profile. */
export async function withProfileOfToday<R extends { readonly site: Site }>(release: R, ports: Pick<Ports, "tenants">): Promise<R> {
  const { tenant } = release.site;
  if (tenant === undefined || ports.tenants === undefined) return release;
  return { ...release, site: siteWithin(release.site, (await requireTenant(tenant.name, ports)).bounds) };
}

/** Writes down that a tenant has the site, before anything of it is made, and gives it the tenant's keys. Does nothing for a site of nobody. */
export async function joinTenant(
  site: Site,
  { file, hostnames }: { readonly file: string; readonly hostnames: readonly string[] | undefined },
  ports: TenantPorts & Pick<Ports, "secrets">,
): Promise<void> {
  if (site.tenant === undefined) return;
  const { name, site: own } = site.tenant;
  await changeTenant(
    name,
    (tenant) => {
      refuseSuspended(tenant);
      const known = tenant.sites.find((one) => one.site === own);
      const entry = { site: own, namespace: site.name, file, hostnames: hostnames ?? known?.hostnames ?? null };
      return { ...tenant, sites: [...tenant.sites.filter((one) => one.site !== own), entry] };
    },
    ports,
  );
  await bringKeys(name, site.name, ports);
}
