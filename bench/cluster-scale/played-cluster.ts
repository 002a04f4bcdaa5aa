import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { clusterAccess } from "../../src/clusters-wiring.ts";
import { connectCluster } from "../../src/kubernetes/create-kubernetes-api.ts";
import type { KubernetesApi } from "../../src/kubernetes/kubernetes-api.ts";
import { systemClock } from "../../src/providers/system-clock.ts";
import { applyGatewayDefinitions } from "../../test/cluster/addons/gateway/addon.ts";
import { kwok, PLAYED_PAGES_PORT } from "../../test/cluster/addons/kwok/addon.ts";
import { createWorkshop } from "../../test/cluster/cluster.ts";
import { settingsOf } from "../../test/cluster/settings.ts";
import { startCluster } from "../../test/cluster/start.ts";
import { stopCluster } from "../../test/cluster/stop.ts";
import { playGateway } from "./played-gateway.ts";

/** A control plane whose nodes and pods are only played; API server, etcd, controllers and scheduler are real. */
export interface PlayedCluster {
  readonly kubeconfig: string;
  readonly api: KubernetesApi;
  /** Server-side applies that the API server has answered since it started, whoever sent them: its own count. */
  appliesSeen(): Promise<number>;
  /**
   * Waits until the API server uses less than a quarter of a core: what bringing up left for controllers, scheduler and kwok to do is no cost of what is
   * measured next. Answers the seconds that it took, and the part of a core that was used last; gives up after ten minutes.
   */
  calm(): Promise<{ readonly seconds: number; readonly cores: number }>;
  /** Stops everything and leaves nothing. */
  stop(): Promise<void>;
}

/** Beside the cluster that everybody shares, unless HOWDAH_CLUSTER_NUMBER says another one. */
const NUMBER = "9";

/** What `howdah install` would have been told. */
export const SETTINGS = {
  wayIn: { kind: "gateway", namespace: "gateway", name: "howdah", http: "http", https: "https" },
  network: { from: ["gateway", "howdah-system"], monitoring: [], nameServers: [], privateNetworks: [] },
} as const;

/**
 * Starts one of its own: no kubelet, no container, no add-on but kwok. Pods' ports are forwarded to a real web server in this process, so
 * that health pages are asked as of every pod: through the API server and a node.
 */
export async function playedCluster(say: (line: string) => void): Promise<PlayedCluster> {
  const numbered = settingsOf({ ...process.env, HOWDAH_CLUSTER_NUMBER: process.env["HOWDAH_CLUSTER_NUMBER"] ?? NUMBER });
  const settings = { ...numbered, nodes: [] };
  const workshop = createWorkshop(settings, say);
  let pages: Server | undefined;
  let api: KubernetesApi | undefined;
  const end = new AbortController();
  const stop = async (): Promise<void> => {
    end.abort();
    api?.close();
    pages?.close();
    pages?.closeAllConnections();
    await stopCluster(workshop);
  };
  try {
    await stopCluster(workshop); // what a run that was killed has left
    const cluster = await startCluster(workshop, [kwok]);
    pages = await servePages(settings.hostAddress);
    await applyGatewayDefinitions(cluster);
    await cluster.kubectl(["apply", "--server-side", `--filename=${join(import.meta.dirname, "../../crds")}`]);
    const established = ["--for=condition=Established", "--timeout=60s"];
    await cluster.kubectl(["wait", ...established, "crd/environments.howdah.dev", "crd/releases.howdah.dev", "crd/sites.howdah.dev"]);
    await cluster.apply(surroundings(settings.dnsService));
    const access = clusterAccess({ KUBECONFIG: cluster.kubeconfig }, undefined);
    const rate = { perSecond: 2000, burst: 2000 };
    ({ api } = await connectCluster({ access, clock: systemClock, random: Math.random, userAgent: "howdah-bench", rate }));
    void playGateway(api, end.signal, say);
    const counted = async (series: (line: string) => boolean): Promise<number> => {
      const { stdout } = await cluster.kubectl(["get", "--raw=/metrics"], { timeoutMs: 60_000 });
      const own = stdout.split("\n").filter(series);
      return own.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(" "))), 0);
    };
    const appliesSeen = () => counted((line) => line.startsWith("apiserver_request_total{") && line.includes('verb="APPLY"'));
    const calm = () => calmOf(() => counted((line) => line.startsWith("process_cpu_seconds_total ")));
    return { kubeconfig: cluster.kubeconfig, api, appliesSeen, calm, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

const CALM_CORES = 0.25;
const CALM_OVER_MS = 5000;
const CALM_WITHIN_MS = 600_000;

async function calmOf(cpuSeconds: () => Promise<number>): ReturnType<PlayedCluster["calm"]> {
  const began = Date.now();
  for (let [at, used] = [began, await cpuSeconds()]; ; ) {
    await sleep(CALM_OVER_MS);
    const [now, more] = [Date.now(), await cpuSeconds()];
    const cores = Math.round(((more - used) / ((now - at) / 1000)) * 100) / 100;
    const seconds = Math.round((now - began) / 1000);
    if (cores < CALM_CORES || now - began > CALM_WITHIN_MS) return { seconds, cores };
    [at, used] = [now, more];
  }
}

/** What `howdah install` would put there but the operator, and the Service by which the cluster's name server is found. */
function surroundings(dnsService: string): readonly object[] {
  const metadata = { name: "kube-dns", namespace: "kube-system", labels: { "k8s-app": "kube-dns" } };
  return [
    { apiVersion: "v1", kind: "Service", metadata, spec: { clusterIP: dnsService, ports: [{ port: 53, protocol: "UDP" }] } },
    { apiVersion: "v1", kind: "Namespace", metadata: { name: "howdah-system" } },
    {
      ...{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "howdah-settings", namespace: "howdah-system" } },
      data: { settings: JSON.stringify(SETTINGS) },
    },
  ];
}

async function servePages(address: string): Promise<Server> {
  const server = createServer((_request, response) => response.end("played"));
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(PLAYED_PAGES_PORT, address, resolve);
  });
  return server;
}
