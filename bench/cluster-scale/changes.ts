import { loadavg } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import type { KubeObject, Resource } from "../../src/kubernetes/kubernetes-api.ts";
import { resources } from "../../src/kubernetes/resources.ts";
import { PRODUCTION } from "../../src/workflows/cluster/cluster-place.ts";
import type { PlayedCluster } from "./played-cluster.ts";
import { SITE_NAME, siteName } from "./sites.ts";

/** Milliseconds from a person's change to the object that it is about. */
export interface Latency {
  readonly changes: number;
  /** The machine's load average when they were through. */
  readonly load: number;
  readonly p50: number;
  readonly p95: number;
  readonly most: number;
}

const PATIENCE_MS = 120_000;
/** People don't change sites in bursts: one change is through before the next one comes, and so is most of what the cluster's controllers make of it. */
const PAUSE_MS = 1000;

/** Another number of replicas (`kubectl scale environment`), until the API server has the Deployment with it. */
export function scalings(cluster: PlayedCluster, sites: number, changes: number, replicas: number): Promise<Latency> {
  return measured(cluster, sites, changes, {
    resource: resources.Deployment,
    change: (name) =>
      cluster.api.mergePatch({ resource: resources.Environment, namespace: name, name: PRODUCTION }, { spec: { replicas } }),
    shows: (object) => (object["spec"] as { readonly replicas?: number }).replicas === replicas,
  });
}

/** Another hostname (`kubectl edit site`), until the API server has the route with it: the operator makes a release of it and rolls it out. `word` makes the names new. */
export function renamings(cluster: PlayedCluster, sites: number, changes: number, word: number): Promise<Latency> {
  const hostname = (name: string): string => `${name}-at-${String(word)}.howdah.test`;
  return measured(cluster, sites, changes, {
    resource: resources.HTTPRoute,
    change: (name) =>
      cluster.api.mergePatch({ resource: resources.Site, namespace: name, name: SITE_NAME }, { spec: { hostnames: [hostname(name)] } }),
    shows: (object, name) => ((object["spec"] as { readonly hostnames?: readonly string[] }).hostnames ?? []).includes(hostname(name)),
  });
}

interface Measured {
  readonly resource: Resource;
  readonly change: (site: string) => Promise<unknown>;
  readonly shows: (object: KubeObject, site: string) => boolean;
}

async function measured({ api }: PlayedCluster, sites: number, changes: number, { resource, change, shows }: Measured): Promise<Latency> {
  const took: number[] = [];
  for (let index = 0; index < changes; index++) {
    const name = siteName(Math.floor((index * sites) / changes));
    const end = AbortSignal.timeout(PATIENCE_MS);
    const { resourceVersion } = await api.list(resource, { namespace: name });
    const seen = firstThat(api.watch(resource, { namespace: name, from: resourceVersion, timeoutSeconds: 150 }, end), (object) =>
      shows(object, name),
    );
    const began = performance.now();
    await change(name);
    await seen;
    took.push(performance.now() - began);
    await sleep(PAUSE_MS);
  }
  took.sort((a, b) => a - b);
  const at = (part: number): number => Math.round(took[Math.min(took.length - 1, Math.ceil(took.length * part) - 1)] ?? Number.NaN);
  return { changes, load: loadNow(), p50: at(0.5), p95: at(0.95), most: at(1) };
}

/** The load average of the last minute, to a tenth. */
export function loadNow(): number {
  return Math.round((loadavg()[0] ?? Number.NaN) * 10) / 10;
}

async function firstThat(events: ReturnType<PlayedCluster["api"]["watch"]>, is: (object: KubeObject) => boolean): Promise<void> {
  for await (const { type, object } of events) if (type !== "BOOKMARK" && is(object)) return;
  throw new Error("the change was never seen");
}
