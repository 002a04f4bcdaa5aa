import { PULL_SECRET } from "../../kernel/own-names.ts";
import { FIELD_MANAGER, isAsApplied } from "../../kubernetes/field-ownership.ts";
import type { KubeObject, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resourceOf, resources } from "../../kubernetes/resources.ts";
import { canonicalJson } from "../../render/rendered.ts";
import type { TenantSpec } from "../../resources/schema/tenant.ts";
import { pullWith } from "../../workflows/cluster/pull-secret.ts";
import type { OperatorPorts } from "../operator-ports.ts";
import { endOthers, isClosed, letOthersGoOn, podsAllowed } from "./close-namespace.ts";
import { TENANT_LABEL, tenantNames, tenantObjects } from "./tenant-objects.ts";

/** A namespace of a tenant. */
export interface GuardedNamespace {
  readonly namespace: string;
  readonly tenant: KubeObject;
  readonly spec: TenantSpec;
  /** Of the namespace, beside its tenant's. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What is there besides. */
  readonly more?: readonly KubeObject[];
}

/** Makes and guards a namespace: a suspended tenant runs nothing; a resumed one what ran before. */
export async function guardNamespace(
  { namespace, tenant, spec, labels = {}, more = [] }: GuardedNamespace,
  ports: OperatorPorts,
  signal: AbortSignal,
): Promise<void> {
  const { api } = ports;
  const pods = await podsAllowed(tenant, namespace, api, signal);
  if (spec.suspended !== true && (await isClosed(namespace, api, signal))) await letOthersGoOn(namespace, api, signal);
  const objects = tenantObjects(tenant.metadata.name, spec, namespace, pods);
  const labelled = objects.map((object) =>
    object.kind === "Namespace"
      ? { ...object, metadata: { ...object.metadata, labels: { ...object.metadata.labels, ...labels } } }
      : object,
  );
  await guard(namespace, [...labelled, ...more], ports, signal);
  if (pods !== undefined) await endOthers(namespace, api, signal);
}

/** Applies what differs, and takes away what the tenant no longer asks for. */
async function guard(namespace: string, objects: readonly KubeObject[], ports: OperatorPorts, signal: AbortSignal): Promise<void> {
  const { api, fence } = ports;
  const wanted = [...objects, ...fence(namespace)];
  for (const object of wanted) {
    const resource = resourceOf(object);
    if (resource === undefined) throw new TypeError(`${object.kind} is in no table`);
    const found = await api.get(nameOf(object), signal);
    if (found === undefined || !isAsApplied(found, object, FIELD_MANAGER)) await api.apply(resource, object, {}, signal);
  }
  for (const { kind, name } of tenantNames) {
    if (wanted.some((object) => object.kind === kind && object.metadata.name === name)) continue;
    const place: ObjectName = { resource: resources[kind], namespace, name };
    const found = await api.get(place, signal);
    if (found?.metadata.uid === undefined || found.metadata.labels?.[TENANT_LABEL] === undefined) continue;
    const { uid, resourceVersion } = found.metadata;
    await api.delete(place, { preconditions: { uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) } }, signal);
  }
}

function nameOf(object: KubeObject): ObjectName {
  const resource = resourceOf(object);
  if (resource === undefined) throw new TypeError(`${object.kind} is in no table`);
  return { resource, namespace: object.metadata.namespace, name: object.metadata.name };
}

/** Copies the registry's Secret to each namespace and names it on the default service account. Answers what is missing. */
export async function copyPullSecret(
  namespaces: readonly string[],
  spec: TenantSpec,
  { api, ownNamespace }: OperatorPorts,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (spec.pullSecret === undefined) return undefined;
  const source = await api.get({ resource: resources.Secret, namespace: ownNamespace, name: spec.pullSecret }, signal);
  if (source === undefined) return `There is no Secret ${ownNamespace}/${spec.pullSecret}, which spec.pullSecret names`;
  const name = PULL_SECRET;
  for (const namespace of namespaces) {
    const found = await api.get({ resource: resources.Secret, namespace, name }, signal);
    const data = source["data"] ?? {};
    if (found === undefined || canonicalJson(found["data"] ?? {}) !== canonicalJson(data)) {
      const metadata = { name, namespace, labels: { "app.kubernetes.io/managed-by": "howdah" } };
      await api.apply(resources.Secret, { apiVersion: "v1", kind: "Secret", metadata, type: source["type"], data }, {}, signal);
    }
    await pullWith(name, namespace, api, signal);
  }
  return undefined;
}
