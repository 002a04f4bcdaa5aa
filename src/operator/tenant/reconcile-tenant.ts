import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { type TenantSpec, type TenantStatus, tenantSpec } from "../../resources/schema/tenant.ts";
import type { OperatorPorts, Outcome, Reconcile } from "../operator-ports.ts";
import { conditionsOf, statusOf, type Verdict, writeStatus } from "../status.ts";
import { copyPullSecret, guardNamespace } from "./guard-namespace.ts";
import { keepKeyPair } from "./keep-key-pair.ts";
import { releaseTenant } from "./release-tenant.ts";
import { namespacesOf, TENANT_LABEL } from "./tenant-objects.ts";

/** Holds a tenant that was deleted until its namespaces are gone: they hold data, and the operator deletes none. */
export const TENANT_FINALIZER = "howdah.dev/namespaces";

/** Namespaces of the cluster itself and of Howdah, which no tenant can have. */
const RESERVED = /^(kube-.*|default|howdah-system)$/;

/** Nobody watches a person's secrets: the registry's is looked at as often as this, in milliseconds, and a missing one is soon there. */
const RESYNC_MS = 900_000;
const MISSING_MS = 30_000;

/** Makes and guards the namespaces of tenants. */
export function reconcileTenant(ports: OperatorPorts): Reconcile {
  return async ({ name }, signal) => {
    const tenant = await ports.api.get({ resource: resources.Tenant, namespace: undefined, name }, signal);
    if (tenant === undefined) return {};
    if (tenant.metadata.deletionTimestamp !== undefined) return release(tenant, ports, signal);
    await hold(tenant, ports, signal);
    const read = tenantSpec.safeParse(tenant["spec"] ?? {});
    if (!read.success) {
      const [issue] = read.error.issues;
      const message = `spec.${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}`;
      return report(tenant, [stalled("SpecInvalid", message)], { namespaces: [] }, ports);
    }
    const taken: string[] = [];
    const inPlace: string[] = [];
    for (const namespace of namespacesOf(name, read.data)) {
      const why = await unusable(namespace, tenant, read.data, ports, signal);
      if (why !== undefined) {
        taken.push(why);
        continue;
      }
      await guardNamespace({ namespace, tenant, spec: read.data }, ports, signal);
      inPlace.push(namespace);
    }
    if (taken.length > 0) return report(tenant, [stalled("NamespaceTaken", taken.join(" "))], { namespaces: inPlace }, ports);
    const pulled = await copyPullSecret(inPlace, read.data, ports, signal);
    const verdict: Verdict =
      pulled === undefined
        ? { type: "Ready", status: "True", reason: "NamespacesGuarded", message: "Every namespace is there and guarded" }
        : { type: "Ready", status: "False", reason: "PullSecretMissing", message: pulled };
    const { keys, again } = await keepKeyPair(tenant, inPlace, ports, signal);
    await report(tenant, [verdict], { namespaces: inPlace, keys }, ports);
    if (again !== undefined) return { again };
    return read.data.pullSecret === undefined ? {} : { again: pulled === undefined ? RESYNC_MS : MISSING_MS };
  };
}

function stalled(reason: string, message: string): Verdict {
  return { type: "Stalled", status: "True", reason, message };
}

async function report(
  tenant: KubeObject,
  verdicts: readonly Verdict[],
  { namespaces, keys }: { readonly namespaces: readonly string[]; readonly keys?: TenantStatus["keys"] },
  { api, clock }: OperatorPorts,
): Promise<Outcome> {
  const former = statusOf<TenantStatus>(tenant);
  const generation = tenant.metadata.generation ?? 1;
  const [first] = verdicts;
  const all: readonly Verdict[] =
    first === undefined || verdicts.some(({ type }) => type === "Ready")
      ? verdicts
      : [{ type: "Ready", status: "False", reason: first.reason, message: first.message }, ...verdicts];
  const conditions = conditionsOf(all, former.conditions, { generation, now: new Date(clock.now()).toISOString() });
  await writeStatus(api, resources.Tenant, tenant, {
    observedGeneration: generation,
    conditions,
    namespaces: namespaces.toSorted(),
    keys: keys ?? former.keys,
  });
  return {};
}

async function hold(tenant: KubeObject, { api }: OperatorPorts, signal: AbortSignal): Promise<void> {
  const { name, finalizers = [], resourceVersion } = tenant.metadata;
  if (finalizers.includes(TENANT_FINALIZER)) return;
  const metadata = { resourceVersion, finalizers: [...finalizers, TENANT_FINALIZER] };
  await api.mergePatch({ resource: resources.Tenant, namespace: undefined, name }, { metadata }, {}, signal);
}

/** A deleted tenant goes when none of its namespaces is left: they hold data. */
async function release(tenant: KubeObject, ports: OperatorPorts, signal: AbortSignal): Promise<Outcome> {
  const { name, finalizers = [], resourceVersion } = tenant.metadata;
  if (!finalizers.includes(TENANT_FINALIZER)) return {};
  const { verdict, left, again } = await releaseTenant(tenant, ports, signal);
  if (verdict !== null) {
    await report(tenant, [verdict], { namespaces: left }, ports);
    return again === undefined ? {} : { again };
  }
  const metadata = { resourceVersion, finalizers: finalizers.filter((one) => one !== TENANT_FINALIZER) };
  await ports.api.mergePatch({ resource: resources.Tenant, namespace: undefined, name }, { metadata }, {}, signal);
  return {};
}

/** Why a namespace can't be this tenant's; undefined when it can. */
async function unusable(
  namespace: string,
  tenant: KubeObject,
  spec: TenantSpec,
  { api }: OperatorPorts,
  signal: AbortSignal,
): Promise<string | undefined> {
  if (RESERVED.test(namespace)) return `${namespace} is a namespace of the cluster's own.`;
  const found = await api.get({ resource: resources.Namespace, namespace: undefined, name: namespace }, signal);
  if (found === undefined) return undefined;
  const owner = found.metadata.labels?.[TENANT_LABEL];
  if (owner === tenant.metadata.name) return undefined;
  if (owner !== undefined) return `${namespace} belongs to the tenant ${owner}.`;
  if (spec.namespaces === undefined) return `${namespace} exists already: to take it, name it in spec.namespaces.`;
  return undefined;
}
