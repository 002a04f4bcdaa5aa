import { createHash, createPublicKey, generateKeyPairSync, type JsonWebKey } from "node:crypto";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import { Secret } from "../../kernel/secret.ts";
import type { SecretData, SecretStore } from "../../providers/secrets/secret-store.ts";
import type { Ports } from "../ports.ts";

/** The secret that each site of a tenant has: `private-key`, `public-key` (PEM), `key-id`, `jwks.json` with every public key that is valid. */
export const TENANT_KEYS = "tenant-keys";

/** Public key of before a rotation, valid until it is finished. */
const FORMER = "former-public-key";

function storeName(tenant: string): string {
  return `tenant.${tenant}`;
}

/** ES256: what PHP's and every other JWT library signs with, in keys of a line. */
function newPair(): { readonly privateKey: string; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", {
    namedCurve: "P-256",
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
    publicKeyEncoding: { type: "spki", format: "pem" },
  });
  return { privateKey, publicKey };
}

/** A key's thumbprint (RFC 7638): the same key always has the same name. */
function jwkOf(pem: string): JsonWebKey & { readonly kid: string } {
  const { crv, kty, x, y } = createPublicKey(pem).export({ format: "jwk" });
  const kid = createHash("sha256").update(JSON.stringify({ crv, kty, x, y })).digest("base64url");
  return { crv, kty, x, y, kid, use: "sig", alg: "ES256" } as JsonWebKey & { readonly kid: string };
}

function dataOf({ privateKey, publicKey }: ReturnType<typeof newPair>, former: string | undefined): SecretData {
  const keys = [publicKey, ...(former === undefined ? [] : [former])].map(jwkOf);
  const values: Readonly<Record<string, string>> = {
    "private-key": privateKey,
    "public-key": publicKey,
    "key-id": keys[0]?.kid ?? "",
    "jwks.json": JSON.stringify({ keys }),
    ...(former === undefined ? {} : { [FORMER]: former }),
  };
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, new Secret(value, `${TENANT_KEYS}/${key}`)]));
}

/** The tenant's pair is made once and kept. */
export async function ensureKeys(tenant: string, { secrets }: { readonly secrets: SecretStore }): Promise<SecretData> {
  const there = await secrets.get(SYSTEM_NAMESPACE, storeName(tenant));
  if (there?.["private-key"] !== undefined) return there;
  const made = dataOf(newPair(), undefined);
  await secrets.set(SYSTEM_NAMESPACE, storeName(tenant), made);
  return made;
}

/** A site's copy, for variables of the form `{secret: tenant-keys/private-key}`. */
export async function bringKeys(tenant: string, namespace: string, ports: Pick<Ports, "secrets">): Promise<void> {
  const keys = await ensureKeys(tenant, ports);
  await ports.secrets.set(namespace, TENANT_KEYS, keys);
  if (keys[FORMER] === undefined) await ports.secrets.remove(namespace, TENANT_KEYS, FORMER);
}

/** Another pair; what the former one signed is valid on. Killed anywhere, the old pair is there or the new one with both. Error: `usage/invalid` before the former rotation is finished. */
export async function beginKeyRotation(tenant: string, { secrets }: Pick<Ports, "secrets">): Promise<string> {
  const keys = await ensureKeys(tenant, { secrets });
  if (keys[FORMER] !== undefined)
    throw new HowdahError("usage/invalid", `The former key of ${tenant} is still valid, and a third one would make it invalid at once`, {
      hint: `When nothing that it signed is in use: \`howdah tenant rotate-key ${tenant} --finish\`.`,
    });
  const next = dataOf(newPair(), keys["public-key"]?.reveal());
  await secrets.set(SYSTEM_NAMESPACE, storeName(tenant), next);
  return next["key-id"]?.reveal() ?? "";
}

/** Only the new key is valid from now on. Error: `usage/invalid` when there is no former one. */
export async function finishKeyRotation(tenant: string, { secrets }: Pick<Ports, "secrets">): Promise<string> {
  const keys = await ensureKeys(tenant, { secrets });
  const [privateKey, publicKey] = [keys["private-key"]?.reveal() ?? "", keys["public-key"]?.reveal() ?? ""];
  if (keys[FORMER] === undefined)
    throw new HowdahError("usage/invalid", `${tenant} has one key only`, { hint: `\`howdah tenant rotate-key ${tenant}\` makes another.` });
  const last = dataOf({ privateKey, publicKey }, undefined);
  await secrets.set(SYSTEM_NAMESPACE, storeName(tenant), last);
  await secrets.remove(SYSTEM_NAMESPACE, storeName(tenant), FORMER);
  return last["key-id"]?.reveal() ?? "";
}

/** For good, with the tenant. */
export async function forgetKeys(tenant: string, { secrets }: Pick<Ports, "secrets">): Promise<void> {
  await secrets.remove(SYSTEM_NAMESPACE, storeName(tenant));
}
