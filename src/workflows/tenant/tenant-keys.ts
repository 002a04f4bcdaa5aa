import { createHash, createPublicKey, generateKeyPairSync, type JsonWebKey } from "node:crypto";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE, TENANT_KEYS } from "../../kernel/own-names.ts";
import { Secret } from "../../kernel/secret.ts";
import type { SecretData, SecretStore } from "../../providers/secrets/secret-store.ts";
import type { Ports, SiteRecord } from "../ports.ts";

/** Public key of before a rotation, valid until it is finished. */
const FORMER = "former-public-key";

function storeName(tenant: string): string {
  return `tenant.${tenant}`;
}

/** The pair that is to sign next, apart from what sites are given: its private half is nobody's before every site knows the public one. */
function nextName(tenant: string): string {
  return `${storeName(tenant)}.next`;
}

/** ES256: what PHP's and every other JWT library signs with, in keys of a line. */
function newPair(): Pair {
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

interface Pair {
  readonly privateKey: string;
  readonly publicKey: string;
}

function dataOf({ privateKey, publicKey }: Pair, others: { readonly former?: string; readonly next?: string } = {}): SecretData {
  const { former, next } = others;
  const keys = [publicKey, ...(former === undefined ? [] : [former]), ...(next === undefined ? [] : [next])].map(jwkOf);
  const values: Readonly<Record<string, string>> = {
    "private-key": privateKey,
    "public-key": publicKey,
    "key-id": keys[0]?.kid ?? "",
    "jwks.json": JSON.stringify({ keys }),
    ...(former === undefined ? {} : { [FORMER]: former }),
  };
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, new Secret(value, `${TENANT_KEYS}/${key}`)]));
}

function pairOf(keys: SecretData): Pair {
  return { privateKey: keys["private-key"]?.reveal() ?? "", publicKey: keys["public-key"]?.reveal() ?? "" };
}

/** The tenant's pair is made once and kept. */
export async function ensureKeys(tenant: string, { secrets }: { readonly secrets: SecretStore }): Promise<SecretData> {
  const there = await secrets.get(SYSTEM_NAMESPACE, storeName(tenant));
  if (there?.["private-key"] !== undefined) return there;
  const made = dataOf(newPair());
  await secrets.set(SYSTEM_NAMESPACE, storeName(tenant), made);
  return made;
}

/** The pair that a lost machine's tenant had, from a copy of one of its sites. One that is here stays. */
export async function keepKeys(tenant: string, keys: SecretData, { secrets }: Pick<Ports, "secrets">): Promise<void> {
  const there = await secrets.get(SYSTEM_NAMESPACE, storeName(tenant));
  if (there?.["private-key"] === undefined) await secrets.set(SYSTEM_NAMESPACE, storeName(tenant), keys);
}

/** A site's copy, for variables of the form `{secret: tenant-keys/private-key}`. */
export async function bringKeys(tenant: string, namespace: string, ports: Pick<Ports, "secrets">): Promise<void> {
  const keys = await ensureKeys(tenant, ports);
  await ports.secrets.set(namespace, TENANT_KEYS, keys);
  if (keys[FORMER] === undefined) await ports.secrets.remove(namespace, TENANT_KEYS, FORMER);
}

/** How far a rotation is: a pair that nothing signs with yet, or one that signs while what the former one signed is valid on. */
export async function rotationOf(tenant: string, { secrets }: Pick<Ports, "secrets">): Promise<"none" | "announced" | "signing"> {
  const keys = await ensureKeys(tenant, { secrets });
  if (keys[FORMER] !== undefined) return "signing";
  return (await nextPair(tenant, keys, secrets)) === undefined ? "none" : "announced";
}

/** What is left of a rotation that was killed at its very end is no next pair: it signs already. */
async function nextPair(tenant: string, keys: SecretData, secrets: SecretStore): Promise<Pair | undefined> {
  const next = await secrets.get(SYSTEM_NAMESPACE, nextName(tenant));
  if (next?.["private-key"] === undefined) return undefined;
  const pair = pairOf(next);
  return pair.publicKey === pairOf(keys).publicKey ? undefined : pair;
}

/**
 * Another pair, whose public key every site is to know before anything is signed with it: while sites change over, one that has the new pair and one
 * that has the old one read each other's tokens. Repeated, the same pair. Error: `usage/invalid` before the former rotation is finished.
 */
export async function announceKey(tenant: string, { secrets }: Pick<Ports, "secrets">): Promise<void> {
  const keys = await ensureKeys(tenant, { secrets });
  if (keys[FORMER] !== undefined)
    throw new HowdahError("usage/invalid", `The former key of ${tenant} is still valid, and a third one would make it invalid at once`, {
      hint: `When nothing that it signed is in use: \`howdah tenant rotate-key ${tenant} --finish\`.`,
    });
  const next = (await nextPair(tenant, keys, secrets)) ?? newPair();
  await secrets.set(SYSTEM_NAMESPACE, nextName(tenant), dataOf(next));
  await secrets.set(SYSTEM_NAMESPACE, storeName(tenant), dataOf(pairOf(keys), { next: next.publicKey }));
}

/** The pair that was announced signs from now on; what the former one signed is valid on. Killed anywhere, the old pair is there or the new one with both. */
export async function beginKeyRotation(tenant: string, { secrets }: Pick<Ports, "secrets">): Promise<string> {
  const keys = await ensureKeys(tenant, { secrets });
  const pair = await nextPair(tenant, keys, secrets);
  if (pair === undefined) throw new TypeError(`no next key of ${tenant} was announced`);
  const next = dataOf(pair, { former: pairOf(keys).publicKey });
  await secrets.set(SYSTEM_NAMESPACE, storeName(tenant), next);
  await secrets.remove(SYSTEM_NAMESPACE, nextName(tenant));
  return next["key-id"]?.reveal() ?? "";
}

/** Only the new key is valid from now on. Error: `usage/invalid` when there is no former one. */
export async function finishKeyRotation(tenant: string, { secrets }: Pick<Ports, "secrets">): Promise<string> {
  const keys = await ensureKeys(tenant, { secrets });
  if (keys[FORMER] === undefined)
    throw new HowdahError("usage/invalid", `${tenant} has one key only`, { hint: `\`howdah tenant rotate-key ${tenant}\` makes another.` });
  const last = dataOf(pairOf(keys));
  await secrets.set(SYSTEM_NAMESPACE, storeName(tenant), last);
  await secrets.remove(SYSTEM_NAMESPACE, storeName(tenant), FORMER);
  return last["key-id"]?.reveal() ?? "";
}

/** Which key signs now. */
export async function keyIdOf(tenant: string, { secrets }: Pick<Ports, "secrets">): Promise<string> {
  return (await ensureKeys(tenant, { secrets }))["key-id"]?.reveal() ?? "";
}

/** For good, with the tenant. */
export async function forgetKeys(tenant: string, { secrets }: Pick<Ports, "secrets">): Promise<void> {
  await secrets.remove(SYSTEM_NAMESPACE, storeName(tenant));
  await secrets.remove(SYSTEM_NAMESPACE, nextName(tenant));
}

/** Whether a site's pods have the pair: a variable of it names the secret. */
export function usesKeys({ site }: Pick<SiteRecord, "site">): boolean {
  return site.variables.some((variable) => variable.from === "secret" && variable.secret === TENANT_KEYS);
}
