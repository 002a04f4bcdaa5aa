import { TENANT_KEYS } from "../../kernel/own-names.ts";
import type { TenantBounds, TenantProfile } from "../../catalog/tenant-profiles.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { releasesOf, servingOf } from "../release/release-store.ts";
import { rollPods } from "../secrets/rotate-secret.ts";
import { runUp } from "../up/run-up.ts";
import { asTask } from "./suspend-tenant.ts";
import { announceKey, beginKeyRotation, bringKeys, finishKeyRotation, keyIdOf, rotationOf, usesKeys } from "./tenant-keys.ts";
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
 * Gives a tenant another key pair for JSON Web Tokens: what the former one signed stays valid until `finish`. Sites that use the pair get it by releases
 * of their own: first all of them know the new public key, then they sign with it, so that no site ever sees a token that it can't check. Killed
 * anywhere, the same command goes on. Errors: `usage/invalid` for a second rotation before the first is finished.
 */
export async function rotateKey(
  name: string,
  { finish }: { readonly finish: boolean },
  ports: Ports,
  context: EngineContext,
): Promise<RotatedKey> {
  const tenant = await requireTenant(name, ports);
  refuseSuspended(tenant);
  const sites = (await recordsOf(tenant, ports)).filter(usesKeys).map(({ namespace }) => namespace);
  const bring = (): Promise<boolean> => bringToSites(tenant, ports, context);
  const isSigning = (await rotationOf(name, ports)) === "signing";
  if (isSigning && (await bring()) && !finish) return { keyId: await keyIdOf(name, ports), sites }; // of a command that was killed
  // A finish that was killed has left pods with both keys.
  if (finish && !isSigning && (await rotationOf(name, ports)) === "none" && (await bring()))
    return { keyId: await keyIdOf(name, ports), sites };
  if (!finish) {
    await announceKey(name, ports);
    await bring();
  }
  const keyId = await (finish ? finishKeyRotation(name, ports) : beginKeyRotation(name, ports));
  await bring();
  return { keyId, sites };
}

/** Gives each site the keys as they are now; pods that have others are replaced. Answers whether there were such. */
async function bringToSites(tenant: Tenant, ports: Ports, context: EngineContext): Promise<boolean> {
  const records = await recordsOf(tenant, ports);
  for (const { namespace } of records) await bringKeys(tenant.name, namespace, ports);
  let rolled = false;
  for (const record of records.filter(usesKeys)) {
    const { namespace } = record;
    await asTask(record, "A new key for", context, () =>
      ports.locks.hold(namespace, "tenant rotate-key", async () => {
        const serving = servingOf(await releasesOf(namespace, ports))?.id;
        if ((await rollPods(record, TENANT_KEYS, ports, context)) !== serving) rolled = true;
      }),
    );
  }
  return rolled;
}
