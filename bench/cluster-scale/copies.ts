import type { KubeMeta, KubeObject } from "../../src/kubernetes/kubernetes-api.ts";
import { resourceOf, resources } from "../../src/kubernetes/resources.ts";
import { CLI_MANAGER } from "../../src/workflows/cluster/cluster-place.ts";
import type { PlayedCluster } from "./played-cluster.ts";
import { fenceFor, forEachOf, makeTenants, SITE_NAME, siteName } from "./sites.ts";

/** Objects of one namespace as the operator has left them. */
export type Pattern = readonly KubeObject[];

/** What a namespace of the bench's sites holds and a controller does not make. */
const KINDS = ["ConfigMap", "Secret", "NetworkPolicy", "Service", "Deployment", "HTTPRoute", "Site", "Environment", "Release"] as const;

/** Reads the first site's namespace while it is as it was brought up. */
export async function patternOf({ api }: PlayedCluster): Promise<Pattern> {
  const namespace = siteName(0);
  const lists = await Promise.all(KINDS.map((kind) => api.list(resources[kind], { namespace })));
  return lists.flatMap(({ items }) => items).filter(({ metadata }) => metadata.name !== "kube-root-ca.crt");
}

/**
 * Writes copies of a site that the operator has brought up: the same site and hostname in other namespaces, each object by the manager that writes it
 * there, status included; pods come from the cluster's own controllers. An operator that is started then finds every site in place, as after a restart.
 * Ten times as quick as bringing them up, which on two cores is the control plane's time, not the operator's.
 */
export async function copySites(cluster: PlayedCluster, pattern: Pattern, from: number, to: number): Promise<void> {
  await makeTenants(cluster, from, to);
  await forEachOf(from, to, (index) => copySite(cluster, pattern, siteName(index)));
}

async function copySite(cluster: PlayedCluster, pattern: Pattern, namespace: string): Promise<void> {
  const { api } = cluster;
  const there = pattern.map((object) => moved(object, namespace));
  const of = (kind: string): KubeObject[] => there.filter((object) => object.kind === kind);
  for (const fence of fenceFor(namespace)) await api.apply(resources.NetworkPolicy, fence);
  const fences = fenceFor(namespace).map(({ metadata }) => metadata.name);
  for (const kind of ["ConfigMap", "Secret", "NetworkPolicy", "Service", "Deployment", "HTTPRoute"] as const)
    for (const object of of(kind)) if (!fences.includes(object.metadata.name)) await api.apply(resources[kind], withoutStatus(object));
  for (const release of of("Release")) {
    const made = await api.create(resources.Release, withoutStatus(release));
    await api.replace(resources.Release, { ...made, status: release["status"] }, { subresource: "status" });
  }
  for (const site of of("Site")) {
    const { metadata } = await api.apply(resources.Site, withoutStatus(site), { fieldManager: CLI_MANAGER });
    await say(cluster, site, metadata);
    for (const environment of of("Environment")) {
      const { ownerReferences = [], finalizers = [], ...meta } = withoutStatus(environment).metadata;
      const owners = ownerReferences.map((owner) => ({ ...owner, uid: metadata.uid ?? "" }));
      await api.apply(resources.Environment, { ...withoutStatus(environment), metadata: meta }, { fieldManager: CLI_MANAGER });
      const own = { ...environment, metadata: { ...meta, ownerReferences: owners, finalizers }, spec: { site: SITE_NAME } };
      const made = await api.apply(resources.Environment, withoutStatus(own));
      await say(cluster, environment, made.metadata);
    }
  }
}

/** Its status, of the generation that it has here. */
async function say({ api }: PlayedCluster, object: KubeObject, { name, namespace, generation }: KubeMeta): Promise<void> {
  const resource = resourceOf(object);
  if (resource === undefined) throw new TypeError(object.kind);
  const { conditions = [], ...status } = object["status"] as { readonly conditions?: readonly object[] };
  const now = {
    ...status,
    observedGeneration: generation,
    conditions: conditions.map((one) => ({ ...one, observedGeneration: generation })),
  };
  const { apiVersion, kind } = object;
  const metadata = { name, ...(namespace === undefined ? {} : { namespace }) };
  await api.apply(resource, { apiVersion, kind, metadata, status: now }, { subresource: "status" });
}

/** What the server decides of a Service and of a Deployment. */
const DECIDED = ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy", "sessionAffinity"];

function moved(object: KubeObject, namespace: string): KubeObject {
  const pattern = siteName(0);
  // the namespace's name as a whole word, and as the cluster's DNS has it; the hostname stays: digests are of it
  const text = JSON.stringify(object).replaceAll(new RegExp(`${pattern}(?=["\\\\]|\\.svc\\b)`, "g"), namespace);
  const copy = JSON.parse(text) as KubeObject;
  const { name, labels, annotations = {}, ownerReferences, finalizers } = copy.metadata;
  const { "deployment.kubernetes.io/revision": _revision, ...said } = annotations;
  const spec =
    copy.kind === "Service"
      ? Object.fromEntries(Object.entries(copy["spec"] as object).filter(([key]) => !DECIDED.includes(key)))
      : copy["spec"];
  return {
    ...copy,
    ...(spec === undefined ? {} : { spec }),
    metadata: {
      ...{ name, namespace },
      ...(labels === undefined ? {} : { labels }),
      ...(Object.keys(said).length === 0 ? {} : { annotations: said }),
      ...(ownerReferences === undefined ? {} : { ownerReferences }),
      ...(finalizers === undefined ? {} : { finalizers }),
    },
  };
}

function withoutStatus({ status: _status, ...object }: KubeObject): KubeObject {
  return object;
}

/** Whether all pods of Deployments are ready: of copies the cluster's controllers make them. */
export async function readyPods({ api }: PlayedCluster): Promise<number> {
  const { items } = await api.list(resources.Deployment);
  return items.filter(({ status }) => ((status as { readonly readyReplicas?: number } | undefined)?.readyReplicas ?? 0) > 0).length;
}
