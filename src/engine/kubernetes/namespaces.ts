import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { EngineContext, EngineFacts } from "../engine.ts";
import type { Cluster } from "./cluster.ts";
import { statefulNamespaces } from "./engine-state.ts";
import { mark } from "./marks.ts";
import { put } from "./own-objects.ts";
import type { ServiceObject } from "./views.ts";

/** Pods of sites need nothing that `restricted` refuses; whoever writes something else into the namespace is refused, too. */
const POD_SECURITY = { "pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/warn": "restricted" };

/** So long a namespace that is being deleted is waited for. */
const GONE_MS = 120_000;

/**
 * Ensures a namespace: with our label, Pod Security `restricted`, and the policies that close it. One that was made by somebody else is
 * taken only with our label on it. Answers the address of the cluster's name server, and who the way in is.
 * Errors: `cluster/namespace-taken`; `cluster/rejected` when the cluster has no name server.
 */
export async function prepareNamespace(cluster: Cluster, name: string, { signal }: EngineContext): Promise<EngineFacts> {
  const namespace = cluster.namespace(name);
  const live = await steady(cluster, namespace, signal);
  if (live !== undefined && live.metadata.labels?.[mark.namespace] !== name) {
    throw new HowdahError("cluster/namespace-taken", `The namespace ${namespace} was not made by Howdah for "${name}"`, {
      hint: `Choose another: \`--namespace NAME\`. To hand it over with all that is in it: \`kubectl label namespace ${namespace} ${mark.namespace}=${name}\`.`,
    });
  }
  await label(cluster, namespace, live, { [mark.namespace]: name, "app.kubernetes.io/managed-by": "howdah", ...POD_SECURITY }, signal);
  const closed = cluster.fence(namespace).map((object) => put(cluster, object, { signal }));
  const [resolver] = await Promise.all([resolverOf(cluster, signal), ...closed]);
  return { resolver, trustedProxies: cluster.settings.trustedProxies };
}

/** A namespace may have labels of others (its tenant's, a mesh's): ours are added, none is taken away. */
async function label(
  cluster: Cluster,
  namespace: string,
  live: KubeObject | undefined,
  labels: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<void> {
  if (live === undefined) {
    await cluster.api.create(resources.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace, labels } }, signal);
    return;
  }
  const missing = Object.entries(labels).filter(([name, value]) => live.metadata.labels?.[name] !== value);
  if (missing.length === 0) return;
  const name = { resource: resources.Namespace, namespace: undefined, name: namespace };
  await cluster.api.mergePatch(name, { metadata: { uid: live.metadata.uid, labels: Object.fromEntries(missing) } }, {}, signal);
}

/** A namespace that is not on its way out. Error: `cluster/conflict` when one never goes. */
async function steady(cluster: Cluster, namespace: string, signal: AbortSignal): Promise<KubeObject | undefined> {
  const until = cluster.clock.now() + GONE_MS;
  for (;;) {
    const live = await cluster.api.get({ resource: resources.Namespace, namespace: undefined, name: namespace }, signal);
    if (live?.metadata.deletionTimestamp === undefined) return live;
    if (cluster.clock.now() >= until) {
      throw new HowdahError("cluster/conflict", `The namespace ${namespace} is being deleted and does not go`, {
        hint: `\`kubectl describe namespace ${namespace}\` says what is left in it.`,
      });
    }
    await cluster.clock.sleep(1000, signal);
  }
}

/** The Service of the cluster's name server has the same name and labels whatever program it is. */
async function resolverOf(cluster: Cluster, signal: AbortSignal): Promise<string> {
  const { items } = await cluster.api.list(resources.Service, { namespace: "kube-system", labelSelector: "k8s-app=kube-dns" }, signal);
  const address = (items as readonly ServiceObject[]).map(({ spec }) => spec.clusterIP).find((ip) => ip !== undefined && ip !== "None");
  if (address !== undefined) return address.includes(":") ? `[${address}]` : address;
  throw new HowdahError("cluster/rejected", "The cluster has no name server: no Service in kube-system is labelled k8s-app=kube-dns", {
    hint: "Sites find PHP and databases by the names of Services. Install CoreDNS, then run the command again.",
  });
}

/** The engine's names of namespaces that hold anything, sorted. */
export async function namespacesThatHold(cluster: Cluster): Promise<readonly string[]> {
  const { prefix } = cluster.settings;
  const labelled = await cluster.api.list(resources.Namespace, { labelSelector: mark.namespace });
  const ours = new Map(labelled.items.map(({ metadata }) => [metadata.name, metadata.labels?.[mark.namespace] ?? ""]));
  const found = (await statefulNamespaces(cluster)).flatMap((space) => ours.get(space) ?? []);
  return found.filter((name) => ours.has(`${prefix}${name}`) && ours.get(`${prefix}${name}`) === name).toSorted();
}
