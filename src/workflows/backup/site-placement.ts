import { HowdahError } from "../../kernel/howdah-error.ts";
import type { SecretData } from "../../providers/secrets/secret-store.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { createTenant } from "../tenant/create-tenant.ts";
import { keepKeys } from "../tenant/tenant-keys.ts";
import type { BackupPorts } from "./backup-ports.ts";
import type { SitePlacement } from "./backup-record.ts";

/** What a site's machine knows of it beside its file and its secrets: goes into each backup. */
export async function placementOf(
  record: SiteRecord,
  { tenants, backups }: Pick<BackupPorts, "tenants" | "backups">,
): Promise<SitePlacement> {
  const own = record.site.tenant;
  const tenant = own === undefined ? undefined : await tenants?.get(own.name);
  const hostnames = tenant?.sites.find(({ namespace }) => namespace === record.namespace)?.hostnames ?? null;
  const schedule = await backups.schedules.get(record.namespace);
  return {
    tenant: tenant === undefined ? null : { name: tenant.name, profile: tenant.profile, bounds: tenant.bounds, hostnames },
    localTls: record.site.tls.mode === "local",
    schedule: schedule === undefined ? null : { schedule: schedule.schedule, keep: schedule.keep },
  };
}

/**
 * The tenant of a site that is brought back: made anew where there is none, with the key pair that its sites had, so that what it signed stays valid. One
 * that is there stays as it is. Error: `tenant/unknown` for a backup that does not say what the tenant was.
 */
export async function recoverTenant(
  namespace: string,
  { placement, keys }: { readonly placement: SitePlacement | undefined; readonly keys: SecretData | undefined },
  ports: Ports,
  context: EngineContext,
): Promise<string | undefined> {
  const name = placement?.tenant?.name ?? /^([a-z0-9-]+?)--/.exec(namespace)?.[1];
  if (name === undefined || (await ports.tenants?.get(name)) !== undefined) return name;
  const former = placement?.tenant ?? undefined;
  if (former === undefined)
    throw new HowdahError("tenant/unknown", `The backup of ${namespace} does not say what the tenant ${name} was`, {
      hint: `\`howdah tenant create ${name} --profile small\` makes it; then the same command again.`,
    });
  if (keys?.["private-key"] !== undefined) await keepKeys(name, keys, ports);
  const { profile, bounds } = former;
  await createTenant({ name, profile, bounds, sites: [] }, "/", ports, context);
  return name;
}
