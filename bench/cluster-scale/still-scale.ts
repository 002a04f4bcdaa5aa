import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { resources } from "../../src/kubernetes/resources.ts";
import { fleet } from "../../src/operator/testing/fleet.ts";
import { bundledOperator, busyIn, type OperatorProcess, requestsIn, writesIn } from "./operator-process.ts";
import { SETTINGS } from "./played-cluster.ts";
import { siteName } from "./sites.ts";
import { stillServer } from "./still-server.ts";

/** What an operator that is started costs, with all sites in place. Times in seconds, memory in MB of 10^6 bytes. */
export interface StillStep {
  readonly sites: number;
  readonly load: number;
  /** From the start of the process: everything was listed, then everything was looked at. */
  readonly synced: number;
  readonly lookedAtAll: number;
  readonly requests: number;
  readonly writes: number;
  readonly cpuSeconds: number;
  readonly memoryMb: number;
  /** Seconds in which nothing happened: requests and writes in them, the most memory, CPU in % of a core. */
  readonly quiet: {
    readonly seconds: number;
    readonly requests: number;
    readonly writes: number;
    readonly mostMb: number;
    readonly cpuPercent: number;
  };
}

/** An operator's own cost with each number of sites, on a server that only says what there is: no cluster of this size is needed. */
export async function stillScale(counts: readonly number[], say: (line: string) => void): Promise<readonly StillStep[]> {
  const site = await siteInMemory();
  const bundle = await bundledOperator();
  const folder = await mkdtemp(join(tmpdir(), "howdah-bench-still-"));
  const steps: StillStep[] = [];
  try {
    for (const sites of counts) {
      const server = await stillServer({ site, others: surroundings }, sites);
      let operator: OperatorProcess | undefined;
      try {
        const kubeconfig = join(folder, "config");
        await writeFile(kubeconfig, kubeconfigFor(server.url));
        const began = Date.now();
        operator = await bundle.start(kubeconfig);
        const step = await measured(operator, sites, began);
        steps.push({ ...step, writes: step.writes + server.writes.length });
        say(JSON.stringify(step));
      } finally {
        await operator?.kill();
        await server.close();
      }
    }
    return steps;
  } finally {
    await bundle.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

const QUIET_MS = 30_000;

async function measured(operator: OperatorProcess, sites: number, began: number): Promise<StillStep> {
  const since = (at: number): number => Math.round((at - began) / 100) / 10;
  const synced = since(await operator.said("synced"));
  let restSince = Date.now();
  while (Date.now() - restSince < 2000) {
    await sleep(100);
    if (busyIn(await operator.metrics()) !== 0) restSince = Date.now();
  }
  const [metrics, use] = [await operator.metrics(), await operator.use()];
  const quietFrom = Date.now();
  let mostMb = 0;
  while (Date.now() - quietFrom < QUIET_MS) {
    await sleep(1000);
    mostMb = Math.max(mostMb, (await operator.use()).memoryMb);
  }
  const [after, used] = [await operator.metrics(), await operator.use()];
  return {
    ...{ sites, load: Math.round(loadavg()[0] ?? Number.NaN), synced, lookedAtAll: since(restSince) },
    ...{ requests: requestsIn(metrics, /./), writes: writesIn(after), cpuSeconds: use.cpuSeconds, memoryMb: Math.round(use.memoryMb) },
    quiet: {
      seconds: QUIET_MS / 1000,
      requests: requestsIn(after, /./) - requestsIn(metrics, /./),
      writes: writesIn(after) - writesIn(metrics),
      mostMb: Math.round(mostMb),
      cpuPercent: Math.round(((used.cpuSeconds - use.cpuSeconds) / QUIET_MS) * 1e6) / 10,
    },
  };
}

/** The objects of a site as an operator in this process has brought it up, with the code of this checkout. */
async function siteInMemory(): ReturnType<typeof allOf> {
  const one = await fleet();
  await one.makeSites([siteName(0)]);
  await one.rest();
  await one.stop();
  return allOf(one);
}

async function allOf({ api }: Awaited<ReturnType<typeof fleet>>) {
  const name = siteName(0);
  return Object.keys(resources)
    .flatMap((kind) => api.all(kind))
    .filter(({ metadata }) => metadata.namespace === name || metadata.name === name);
}

const surroundings = [
  {
    ...{ apiVersion: "v1", kind: "Service", spec: { clusterIP: "10.96.0.10" } },
    metadata: { name: "kube-dns", namespace: "kube-system", uid: "dns", resourceVersion: "1", labels: { "k8s-app": "kube-dns" } },
  },
  {
    ...{ apiVersion: "v1", kind: "ConfigMap", data: { settings: JSON.stringify({ wayIn: SETTINGS.wayIn }) } },
    metadata: { name: "howdah-settings", namespace: "howdah-system", uid: "settings", resourceVersion: "2" },
  },
];

function kubeconfigFor(server: string): string {
  const context = { cluster: "still", user: "bench" };
  return JSON.stringify({
    ...{ apiVersion: "v1", kind: "Config", "current-context": "still" },
    clusters: [{ name: "still", cluster: { server } }],
    users: [{ name: "bench", user: { token: "bench" } }],
    contexts: [{ name: "still", context }],
  });
}
