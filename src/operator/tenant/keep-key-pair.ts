import { FINISH_KEY_ANNOTATION, ROTATE_KEY_ANNOTATION } from "../../kernel/label.ts";
import { TENANT_KEYS } from "../../kernel/own-names.ts";
import type { KubeObject, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { canonicalJson, digestOf } from "../../render/rendered.ts";
import type { TenantSpec, TenantStatus } from "../../resources/schema/tenant.ts";
import { announceKey, beginKeyRotation, ensureKeys, finishKeyRotation, rotationOf, usesKeys } from "../../workflows/tenant/tenant-keys.ts";
import type { OperatorPorts, Outcome } from "../operator-ports.ts";
import { statusOf } from "../status.ts";

type Keys = NonNullable<TenantStatus["keys"]>;

/** While pods are given keys it is looked again so often: their rollouts end without an event of the tenant's. Milliseconds. */
const ROLLS_MS = 2000;

const STATES = { none: "one", announced: "announced", signing: "both" } as const;

/** How a tenant's keys are after a look. */
export interface KeptKeyPair extends Outcome {
  readonly keys: Keys;
}

/**
 * Makes a tenant's key pair for JSON Web Tokens once, gives each of its namespaces a copy, and does what the annotations `howdah.dev/rotate-key` and
 * `howdah.dev/finish-key-rotation` ask for. As on one machine: another key signs only when the pods of every site know it, so that no token is refused.
 * How far a rotation is the Secrets say, which site has which keys its own record. Killed anywhere, the next look goes on.
 */
export async function keepKeyPair(
  tenant: KubeObject,
  namespaces: readonly string[],
  ports: OperatorPorts,
  signal: AbortSignal,
): Promise<KeptKeyPair> {
  const { name, annotations = {} } = tenant.metadata;
  const former = statusOf<TenantStatus>(tenant).keys;
  const wishes = { rotate: annotations[ROTATE_KEY_ANNOTATION], finish: annotations[FINISH_KEY_ANNOTATION] };
  const own = ports.portsFor(ports.ownNamespace);
  const mine = await ownCopies(namespaces, ports, signal);
  if (former !== undefined && isAtRest(former, wishes) && mine.every(({ copy }) => keyIdIn(copy) === former.id)) return { keys: former };
  const is: Look = { name, former, mine, ports, signal };
  const before = await rotationOf(name, own);
  const late = await waitsFor(is);
  const suspended = (tenant["spec"] as Partial<TenantSpec> | undefined)?.suspended === true;
  let asked = former?.asked;
  if (isNew("rotate", wishes, former) && !suspended) {
    if (before === "signing") await refuse(tenant, ports);
    else await announceKey(name, own);
    asked = { ...asked, rotate: wishes.rotate };
  } else if (isNew("finish", wishes, former) && !suspended && before !== "announced" && late.length === 0) {
    if (before === "signing") await finishKeyRotation(name, own);
    asked = { ...asked, finish: wishes.finish };
  } else if (before === "announced" && late.length === 0) await beginKeyRotation(name, own);
  const pair = await ensureKeys(name, own);
  for (const { namespace, copy } of mine) await bring(namespace, copy, pair, ports);
  const left = await waitsFor({ ...is, mine: await ownCopies(namespaces, ports, signal) });
  const state = STATES[await rotationOf(name, own)];
  const keys: Keys = { id: pair["key-id"]?.reveal() ?? "", state, waitsFor: left.length === 0 ? undefined : [...left], asked };
  return { keys, ...(isAtRest(keys, wishes) || suspended ? {} : { again: ROLLS_MS }) };
}

interface Look {
  readonly name: string;
  readonly former: Keys | undefined;
  readonly mine: readonly Copy[];
  readonly ports: OperatorPorts;
  readonly signal: AbortSignal;
}

interface Copy {
  readonly namespace: string;
  readonly copy: KubeObject | undefined;
}

type Wishes = Readonly<Record<"rotate" | "finish", string | undefined>>;

function isNew(what: keyof Wishes, wishes: Wishes, former: Keys | undefined): boolean {
  return wishes[what] !== undefined && wishes[what] !== former?.asked?.[what];
}

function isAtRest(keys: Keys, wishes: Wishes): boolean {
  const done = keys.state !== "announced" && keys.waitsFor === undefined;
  return done && !isNew("rotate", wishes, keys) && !isNew("finish", wishes, keys);
}

function place(namespace: string): ObjectName {
  return { resource: resources.Secret, namespace, name: TENANT_KEYS };
}

/** Where a person has a Secret of this name, it is his: the namespace has keys of its own. */
async function ownCopies(namespaces: readonly string[], { api }: OperatorPorts, signal: AbortSignal): Promise<readonly Copy[]> {
  const found: Copy[] = [];
  for (const namespace of namespaces) {
    const copy = await api.get(place(namespace), signal);
    if (copy === undefined || copy.metadata.labels?.["app.kubernetes.io/managed-by"] === "howdah") found.push({ namespace, copy });
  }
  return found;
}

function dataOf(copy: KubeObject | undefined): Readonly<Record<string, string>> {
  return (copy?.["data"] as Readonly<Record<string, string>> | undefined) ?? {};
}

function keyIdIn(copy: KubeObject | undefined): string {
  return Buffer.from(dataOf(copy)["key-id"] ?? "", "base64").toString();
}

async function bring(
  namespace: string,
  copy: KubeObject | undefined,
  pair: Awaited<ReturnType<typeof ensureKeys>>,
  { api }: OperatorPorts,
): Promise<void> {
  const data = Object.fromEntries(Object.entries(pair).map(([key, value]) => [key, Buffer.from(value.reveal()).toString("base64")]));
  if (canonicalJson(dataOf(copy)) === canonicalJson(data)) return;
  const metadata = { name: TENANT_KEYS, namespace, labels: { "app.kubernetes.io/managed-by": "howdah" } };
  await api.apply(resources.Secret, { apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", data }, {});
}

/** Namespaces whose pods have other keys than those in their Secret: `secretsDigest` of a site's record is of what its pods were made with. */
async function waitsFor({ mine, ports }: Look): Promise<readonly string[]> {
  const late: string[] = [];
  for (const { namespace, copy } of mine) {
    const { records } = ports.portsFor(namespace);
    const record = await records.get(namespace);
    if (record === undefined || !usesKeys(record)) continue;
    const entries = Object.entries(dataOf(copy)).map(([key, value]) => [key, Buffer.from(value, "base64").toString()]);
    if (!record.secretsDigest.split(".").includes(digestOf(entries))) late.push(namespace);
  }
  return late;
}

async function refuse(tenant: KubeObject, { tell }: OperatorPorts): Promise<void> {
  const message = `The former key is still valid, and a third one would make it invalid at once: ${FINISH_KEY_ANNOTATION} ends it`;
  await tell(tenant, { type: "Warning", reason: "KeyNotRotated", message });
}
