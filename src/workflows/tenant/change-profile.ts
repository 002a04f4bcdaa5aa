import type { TenantBounds, TenantProfile } from "../../catalog/tenant-profiles.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { rollPods } from "../secrets/rotate-secret.ts";
import { runUp } from "../up/run-up.ts";
import { asTask } from "./suspend-tenant.ts";
import { beginKeyRotation, bringKeys, finishKeyRotation, TENANT_KEYS } from "./tenant-keys.ts";
import { boundsOf } from "./create-tenant.ts";
import { changeTenant, recordsOf, refuseSuspended, requireTenant, type Tenant } from "./tenant.ts";

/**
 * Gives a tenant another profile and brings it to each of its sites as a release of its own, without a failed request. Killed anywhere, the same
 * command goes on. Errors: `tenant/suspended`, those of `up`.
 */
export async function changeProfile(
  name: string,
  wanted: { readonly profile: TenantProfile; readonly bounds?: TenantBounds | undefined },
  ports: Ports,
  context: EngineContext,
): Promise<Tenant> {
  refuseSuspended(await requireTenant(name, ports));
  const since = new Date(ports.clock.now()).toISOString();
  const { profile } = wanted;
  const tenant = await changeTenant(
    name,
    (now) => ({ ...now, profile, bounds: boundsOf(wanted), work: { verb: "profile", since } }),
    ports,
  );
  for (const record of await recordsOf(tenant, ports)) {
    const command = {
      given: record.file,
      directory: "/",
      verb: "up",
      dryRun: false,
      tls: record.site.tls.mode === "local",
      adopt: false,
    } as const;
    await runUp({ ...command, tenant: name, message: `The profile ${profile}` }, ports, context);
  }
  return await changeTenant(name, (now) => (now.work?.verb === "profile" ? { ...now, work: null } : now), ports);
}

/** What a rotation of the key pair came to. */
export interface RotatedKey {
  readonly keyId: string;
  /** Sites whose pods have it by now: those that name it in a variable. */
  readonly sites: readonly string[];
}

/**
 * Gives a tenant another key pair for JSON Web Tokens: what the former one signed stays valid until `finish`. Sites that use the pair get it by a
 * release of its own. Killed anywhere, the same command with `--finish`, or `howdah up`, brings it to the sites that have it not.
 */
export async function rotateKey(
  name: string,
  { finish }: { readonly finish: boolean },
  ports: Ports,
  context: EngineContext,
): Promise<RotatedKey> {
  const tenant = await requireTenant(name, ports);
  refuseSuspended(tenant);
  const keyId = await (finish ? finishKeyRotation(name, ports) : beginKeyRotation(name, ports));
  const records = await recordsOf(tenant, ports);
  const users = records.filter(usesKeys);
  for (const { namespace } of records) await bringKeys(name, namespace, ports);
  for (const record of users) {
    await asTask(record, "A new key for", context, () =>
      ports.locks.hold(record.namespace, "tenant rotate-key", () => rollPods(record, TENANT_KEYS, ports, context)),
    );
  }
  return { keyId, sites: users.map(({ namespace }) => namespace) };
}

function usesKeys({ site }: SiteRecord): boolean {
  return site.variables.some((variable) => variable.from === "secret" && variable.secret === TENANT_KEYS);
}
