import { HowdahError } from "../../kernel/howdah-error.ts";
import { parseJson } from "../../kernel/parse-json.ts";
import type { KubeObject, KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { ClusterSettings } from "../../render/cluster/cluster-settings.ts";
import { minorOf } from "../../render/cluster/cluster-settings.ts";
import { crds } from "../../resources/crds.ts";
import { OWN_NAMESPACE, SETTINGS_NAME } from "../../resources/install/operator-objects.ts";
import { SENDER_NAMESPACE } from "../../render/data-move/move-labels.ts";
import { movesUnderWay } from "../data-move/collect-moves.ts";
import type { StatusCondition } from "../../resources/schema/condition.ts";
import type { Ports } from "../ports.ts";

/** One thing that was looked at, and the command that mends it. */
export interface ClusterCheck {
  readonly name: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly fix?: string;
}

/** An operator renews its lease every two seconds; others take it after fifteen. */
const LEASE_MS = 30_000;

/**
 * Whether Howdah is in a cluster and works: API server, definitions, operator, its lease, what the cluster was said to have, sites that do not serve, copies that
 * were cut off. Each
 * look is one of its own: what can't be asked is said, and the rest goes on. Never throws for what a cluster lacks.
 */
export async function checkCluster(
  context: string | undefined,
  ports: Pick<Ports, "clusters" | "clock">,
  signal: AbortSignal,
): Promise<readonly ClusterCheck[]> {
  const { api, context: name } = await ports.clusters.connect(context);
  const flag = `--context ${name}`;
  const look = (title: string, work: () => Promise<Omit<ClusterCheck, "name">>): Promise<ClusterCheck> =>
    work().then(
      (found) => ({ name: title, ...found }),
      (error: unknown) => {
        if (!(error instanceof HowdahError) || signal.aborted) throw error;
        return { name: title, ok: false, detail: error.message, fix: error.hint };
      },
    );
  const first = await look("api server", () => serverCheck(api, signal));
  if (!first.ok) return [first];
  return [
    first,
    await look("definitions", () => definitionsCheck(api, flag, signal)),
    await look("operator", () => operatorCheck(api, flag, signal)),
    await look("lease", () => leaseCheck(api, ports, flag, signal)),
    await look("way in", () => wayInCheck(api, flag, signal)),
    await look("sites", () => sitesCheck(api, signal)),
    await look("data moves", () => movesCheck(api, ports, flag, signal)),
  ];
}

type Found = Omit<ClusterCheck, "name">;

async function serverCheck(api: KubernetesApi, signal: AbortSignal): Promise<Found> {
  const version = await api.version(signal);
  const ok = minorOf(version) >= 29;
  return ok
    ? { ok, detail: `${api.server}, Kubernetes ${version}` }
    : { ok, detail: `${api.server} is Kubernetes ${version}`, fix: "Howdah needs Kubernetes 1.29 or newer: upgrade the cluster" };
}

async function definitionsCheck(api: KubernetesApi, flag: string, signal: AbortSignal): Promise<Found> {
  const names = crds().map(({ metadata }) => metadata.name);
  const found = await Promise.all(
    names.map((name) => api.get({ resource: resources.CustomResourceDefinition, namespace: undefined, name }, signal)),
  );
  const missing = names.filter((_name, index) => found[index] === undefined);
  return missing.length === 0
    ? { ok: true, detail: names.join(", ") }
    : { ok: false, detail: `missing: ${missing.join(", ")}`, fix: `howdah install ${flag}` };
}

async function operatorCheck(api: KubernetesApi, flag: string, signal: AbortSignal): Promise<Found> {
  const found = await api.get({ resource: resources.Deployment, namespace: OWN_NAMESPACE, name: "howdah-operator" }, signal);
  if (found === undefined)
    return { ok: false, detail: `not in ${OWN_NAMESPACE}; sites serve, but nothing changes`, fix: `howdah install ${flag}` };
  const { replicas: wanted = 1, template } = found["spec"] as {
    replicas?: number;
    template: { spec: { containers: { image: string }[] } };
  };
  const { availableReplicas = 0 } = (found["status"] ?? {}) as { availableReplicas?: number };
  const detail = `${String(availableReplicas)} of ${String(wanted)} ready, ${template.spec.containers[0]?.image ?? ""}`;
  return availableReplicas > 0
    ? { ok: true, detail }
    : { ok: false, detail, fix: `kubectl ${flag} -n ${OWN_NAMESPACE} describe pods, then howdah upgrade ${flag}` };
}

async function leaseCheck(api: KubernetesApi, ports: Pick<Ports, "clock">, flag: string, signal: AbortSignal): Promise<Found> {
  const found = await api.get({ resource: resources.Lease, namespace: OWN_NAMESPACE, name: "howdah-operator" }, signal);
  const { holderIdentity = "", renewTime = "" } = (found?.["spec"] ?? {}) as { holderIdentity?: string; renewTime?: string };
  const age = ports.clock.now() - Date.parse(renewTime);
  if (holderIdentity !== "" && age < LEASE_MS) return { ok: true, detail: `${holderIdentity} works` };
  return { ok: false, detail: "no operator works", fix: `kubectl ${flag} -n ${OWN_NAMESPACE} logs deploy/howdah-operator` };
}

async function wayInCheck(api: KubernetesApi, flag: string, signal: AbortSignal): Promise<Found> {
  const found = await api.get({ resource: resources.ConfigMap, namespace: OWN_NAMESPACE, name: SETTINGS_NAME }, signal);
  const text = (found?.["data"] as { settings?: string } | undefined)?.settings ?? "{}";
  const wayIn = (parseJson(text) as Partial<ClusterSettings> | undefined)?.wayIn ?? { kind: "none" };
  if (wayIn.kind === "none")
    return {
      ok: true,
      detail: "none chosen: sites are reached from inside the cluster only (howdah upgrade --gateway, --ingress-class or --service)",
    };
  if (wayIn.kind !== "gateway") return { ok: true, detail: wayIn.kind };
  const gateway = await api.get({ resource: resources.Gateway, namespace: wayIn.namespace, name: wayIn.name }, signal);
  const detail = `Gateway ${wayIn.namespace}/${wayIn.name}`;
  return gateway === undefined
    ? { ok: false, detail: `there is no ${detail}`, fix: `howdah upgrade ${flag} --gateway NAMESPACE/NAME` }
    : { ok: true, detail };
}

async function movesCheck(api: KubernetesApi, { clock }: Pick<Ports, "clock">, flag: string, signal: AbortSignal): Promise<Found> {
  const { alive, left } = await movesUnderWay(api, clock.now(), signal);
  if (!left) return { ok: true, detail: alive === 0 ? "none under way" : `${String(alive)} under way` };
  const detail = `a copy that was cut off left the namespace ${SENDER_NAMESPACE}`;
  return {
    ok: false,
    detail,
    fix: `run howdah migrate-data again, which goes on where it was, or kubectl ${flag} delete namespace ${SENDER_NAMESPACE}`,
  };
}

async function sitesCheck(api: KubernetesApi, signal: AbortSignal): Promise<Found> {
  const { items } = await api.list(resources.Site, {}, signal);
  const ready = (site: KubeObject): StatusCondition | undefined =>
    (site["status"] as { conditions?: StatusCondition[] } | undefined)?.conditions?.find(({ type }) => type === "Ready");
  const bad = items.filter((site) => ready(site)?.status !== "True");
  if (bad.length === 0) return { ok: true, detail: `${String(items.length)}, all ready` };
  const words = bad
    .slice(0, 5)
    .map((site) => `${site.metadata.namespace ?? ""}/${site.metadata.name}: ${ready(site)?.message ?? "not looked at"}`);
  return {
    ok: false,
    detail: `${String(bad.length)} of ${String(items.length)} not ready: ${words.join("; ")}`,
    fix: "kubectl get sites -A -o wide",
  };
}
