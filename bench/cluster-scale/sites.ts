import type { KubeObject, KubernetesApi } from "../../src/kubernetes/kubernetes-api.ts";
import { apiVersionOf, resources } from "../../src/kubernetes/resources.ts";
import { resolveSite } from "../../src/site/resolve.ts";
import { siteDocument } from "../../src/site/schema/site-document.ts";
import { CLI_MANAGER, PRODUCTION } from "../../src/workflows/cluster/cluster-place.ts";
import { releaseObject, releaseSpecOf } from "../../src/workflows/cluster/release-resource.ts";
import { onPlayedNodes } from "../../test/cluster/addons/kwok/addon.ts";
import { fenceOf } from "../../src/cluster-wiring.ts";
import { tenantObjects } from "../../src/operator/tenant/tenant-objects.ts";
import { defaultClusterSettings } from "../../src/render/cluster/cluster-settings.ts";
import { type PlayedCluster, SETTINGS } from "./played-cluster.ts";

/** Sites of one tenant; each has a namespace of its own. */
const SITES_OF_A_TENANT = 10;
/** Made side by side: this process must not be what is waited for. */
const AT_ONCE = 16;

/** Every site's name: each has a namespace of its own, as two agencies may both have a `blog`. */
export const SITE_NAME = "blog";

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

/** The namespace of a site. */
export function siteName(index: number): string {
  return `site-${String(index).padStart(4, "0")}`;
}

/** Policies that close a namespace, as the operator writes them. */
export const fenceFor = fenceOf({ settings: { ...defaultClusterSettings, ...SETTINGS } });

/** Does work for each number from `from` to before `to`, side by side. */
export async function forEachOf(from: number, to: number, work: (index: number) => Promise<void>): Promise<void> {
  const left = Array.from({ length: to - from }, (_, index) => from + index).values();
  const worker = async (): Promise<void> => {
    for (const index of left) await work(index);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

/** Makes namespaces as their tenants would have them, and the tenants, ten namespaces to each. */
export async function makeTenants({ api }: Pick<PlayedCluster, "api">, from: number, to: number): Promise<void> {
  await forEachOf(0, Math.ceil((to - from) / SITES_OF_A_TENANT), async (index) => {
    const first = from + index * SITES_OF_A_TENANT;
    const namespaces = Array.from({ length: Math.min(SITES_OF_A_TENANT, to - first) }, (_, index) => siteName(first + index));
    const tenant = `tenant-${String(first).padStart(4, "0")}`;
    for (const name of namespaces) {
      const [namespace] = tenantObjects(tenant, {}, name);
      const own = { apiVersion: "v1", kind: "Namespace", metadata: { name, labels: namespace?.metadata.labels ?? {} } };
      await api.apply(resources.Namespace, own);
      const annotations = { metadata: { annotations: onPlayedNodes } };
      await api.mergePatch({ resource: resources.Namespace, namespace: undefined, name }, annotations);
    }
    const metadata = { name: tenant };
    await api.create(resources.Tenant, { apiVersion: apiVersionOf(resources.Tenant), kind: "Tenant", metadata, spec: { namespaces } });
  });
}

/** Makes sites from `from` to before `to`, as `howdah deploy --context` does: static ones with one pod, their images only named. */
export async function makeSites(cluster: PlayedCluster, from: number, to: number): Promise<void> {
  await makeTenants(cluster, from, to);
  await forEachOf(from, to, (index) => makeSite(cluster.api, index));
}

async function makeSite(api: KubernetesApi, index: number): Promise<void> {
  const namespace = siteName(index);
  const name = SITE_NAME;
  const spec = { hostnames: [`${namespace}.howdah.test`] };
  const { site } = resolveSite(siteDocument.parse({ apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name }, spec }), {
    environment: "production",
  });
  if (site === undefined) throw new TypeError("the site of the bench is wrong");
  const apiVersion = apiVersionOf(resources.Site);
  const metadata = { name, namespace };
  const asCli = { fieldManager: CLI_MANAGER };
  await api.apply(resources.Site, { apiVersion, kind: "Site", metadata, spec }, asCli);
  const built = releaseSpecOf({
    site,
    images: { web: { reference: `registry.howdah.test/${name}/web@${digest("a")}`, digest: digest("a") } },
    ...{ codeDigest: digest("c"), watched: {}, git: null, who: "bench", when: new Date().toISOString(), why: null, rollbackOf: null },
  });
  await api.create(resources.Release, releaseObject(namespace, "r1", built));
  const environment = {
    apiVersion,
    kind: "Environment",
    metadata: { name: PRODUCTION, namespace },
    spec: { site: name, release: "r1" },
  };
  await api.apply(resources.Environment, environment, asCli);
}

/** How many environments serve what they were asked for last. */
export async function servingCount({ api }: PlayedCluster): Promise<number> {
  const { items } = await api.list(resources.Environment);
  return items.filter(serves).length;
}

function serves({ metadata, status }: KubeObject): boolean {
  const { conditions = [], observedGeneration } = (status ?? {}) as {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly observedGeneration?: number;
  };
  const ready = conditions.some((one) => one.type === "Ready" && one.status === "True");
  return ready && observedGeneration === metadata.generation && !conditions.some(({ type }) => type !== "Ready");
}

/** Kinds that the operator writes. */
const WRITTEN = [
  ...(["Tenant", "Site", "Environment", "Release", "Deployment", "Service", "ConfigMap", "HTTPRoute", "NetworkPolicy"] as const),
  ...(["PodDisruptionBudget", "HorizontalPodAutoscaler", "Secret", "ResourceQuota", "LimitRange", "Role", "RoleBinding"] as const),
];

/** What the API server itself says of changes: the resourceVersion of every object of a kind that the operator writes. */
export async function versionsOf({ api }: PlayedCluster): Promise<ReadonlyMap<string, string>> {
  const versions = new Map<string, string>();
  for (const kind of WRITTEN) {
    const { items } = await api.list(resources[kind]);
    for (const { metadata } of items) versions.set(`${kind}/${metadata.namespace ?? ""}/${metadata.name}`, metadata.resourceVersion ?? "");
  }
  return versions;
}

/** How many objects differ, came or went. */
export function changedBetween(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): readonly string[] {
  const all = new Set([...before.keys(), ...after.keys()]);
  return [...all].filter((key) => before.get(key) !== after.get(key));
}
