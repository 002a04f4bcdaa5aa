import { mkdir, readFile, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Cluster } from "../../test/cluster/addon.ts";
import { customMetrics } from "../../test/cluster/addons/custom-metrics/addon.ts";
import { NAMESPACE as MONITORING } from "../../test/cluster/addons/custom-metrics/custom-metrics-objects.ts";
import { clusterEnvironment } from "../../test/cluster/environment.ts";
import { howdahMachine } from "../../test/support/howdah-machine.ts";
import { runningCluster } from "../../test/support/test-cluster.ts";

/** How a site followed its visitors. */
export interface Growth {
  readonly visitors: number;
  /** Pods before, at the most while all visitors were there, and after they had left. */
  readonly pods: { readonly before: number; readonly most: number; readonly after: number };
  /** Seconds from the first visitor until the number of pods stood still, and from the last one's leaving until it was the least again. */
  readonly seconds: { readonly grown: number; readonly back: number | null };
  /** Answers, and those that were not 200. One visitor stays while pods go. */
  readonly answers: number;
  readonly failed: number;
}

const NAME = "t-grow";
const LEAST = 2;
const HOST = `${NAME}.howdah.test`;
/** A pod serves four at a time, so that few visitors are many; each page waits as for a database. */
const siteFile = (repository: string): string => `apiVersion: howdah.dev/v1alpha1
kind: Site
metadata: {name: ${NAME}}
spec:
  runtime: {php: "8.4", fpm: {maxChildren: 4}, ini: {session.save_handler: files}} # else a server of sessions, and a Secret for it
  web: {microcache: false}
  hostnames: [${HOST}]
  scale: {replicas: ${String(LEAST)}, max: 6, memory: 192Mi}
  image: {repository: "${repository}"}
`;
const PAGE = "<?php usleep(500000); echo gethostname();";

const STILL_MS = 45_000;
const GROW_MS = 300_000;
/** An autoscaler keeps what was needed within five minutes. */
const BACK_MS = 480_000;

/**
 * A site with `scale.max` under load on the test cluster, which must run: its pods by FPM's busy workers, through the small adapter of the add-on
 * custom-metrics (no prometheus-adapter). The site is put there by `howdah manifests`: what an operator applies is the same. Takes about eight
 * minutes; takes the site and the adapter's API away afterwards.
 */
export async function growth(visitors: number, say: (line: string) => void): Promise<Growth> {
  const cluster: Cluster = { ...runningCluster(), say };
  const known = clusterEnvironment(cluster.settings);
  const auth = known["HOWDAH_CLUSTER_REGISTRY_AUTH"] ?? "";
  const machine = await howdahMachine("grow", 18_776, { REGISTRY_AUTH_FILE: auth, SSL_CERT_FILE: known["HOWDAH_CLUSTER_CA"] ?? "" });
  try {
    await customMetrics.build(cluster);
    await customMetrics.start(cluster);
    const code = join(machine.directory, "grow");
    await mkdir(code);
    await writeFile(join(code, "howdah.yaml"), siteFile(`${cluster.settings.registryHost}/bench/grow`));
    await writeFile(join(code, "index.php"), PAGE);
    await machine.ok("build", code, "--push", "--tag", "grow");
    const { stdout } = await machine.ok(
      ...["manifests", code, "--tag", "grow", "--namespace", NAME, "--gateway", "gateway/howdah", "--http-listener", "http"],
      ...["--pull-secret", "registry", "--monitoring", MONITORING],
    );
    await cluster.kubectl(["apply", "--server-side", "--filename=-"], { input: stdout });
    const secret = {
      apiVersion: "v1",
      kind: "Secret",
      type: "kubernetes.io/dockerconfigjson",
      metadata: { name: "registry", namespace: NAME },
    };
    await cluster.apply([{ ...secret, stringData: { ".dockerconfigjson": await readFile(auth, "utf8") } }]);
    await cluster.kubectl(["rollout", "status", "deployment/web", "--namespace", NAME, "--timeout=300s"]);
    return await followed(cluster, visitors, say);
  } finally {
    // An API that nobody serves keeps namespaces from going: a node that is cut off later must not do that.
    await cluster.kubectl(["delete", "apiservice", "v1beta2.custom.metrics.k8s.io", "--ignore-not-found"]);
    await cluster.kubectl(["delete", "namespace", NAME, "--ignore-not-found", "--timeout=180s"]);
    await machine.remove();
  }
}

async function followed(cluster: Cluster, visitors: number, say: (line: string) => void): Promise<Growth> {
  const address = cluster.settings.nodes[0]?.address ?? "";
  const seen = { answers: 0, failed: 0, wanted: visitors };
  const visit = async (number: number): Promise<void> => {
    while (number < seen.wanted) {
      const status = await ask(address);
      seen.answers += 1;
      if (status !== 200) seen.failed += 1;
    }
  };
  const pods = async (): Promise<number> => {
    const { stdout } = await cluster.kubectl(["get", "deployment/web", "--namespace", NAME, "--output=jsonpath={.status.readyReplicas}"]);
    return Number(stdout);
  };
  // Without a number of its own a Deployment begins with one: the autoscaler makes it the least.
  while ((await pods()) < LEAST || (await ask(address)) !== 200) await sleep(500);
  const before = await pods();
  say(`${String(before)} pods; ${String(visitors)} visitors come`);
  const all = Array.from({ length: visitors }, (_, number) => visit(number));
  const grown = await until(pods, (counts) => Math.max(...counts.map(({ value }) => value)) > before && still(counts), GROW_MS, say);
  const most = Math.max(...grown.map(({ value }) => value));
  seen.wanted = 1;
  say("all but one leave");
  const shrunk = await until(pods, (counts) => (counts.at(-1)?.value ?? most) <= before, BACK_MS, say);
  seen.wanted = 0;
  await Promise.all(all);
  const after = shrunk.at(-1)?.value ?? most;
  const first = grown.find(({ value }) => value === most)?.at ?? 0;
  return {
    visitors,
    pods: { before, most, after },
    seconds: { grown: Math.round(first / 1000), back: after <= before ? Math.round((shrunk.at(-1)?.at ?? 0) / 1000) : null },
    answers: seen.answers,
    failed: seen.failed,
  };
}

/** Status of the page, as a visitor of the Gateway gets it; 0 without an answer. */
function ask(host: string): Promise<number> {
  return new Promise((resolve) => {
    const asked = request({ host, port: 80, path: "/", headers: { host: HOST }, agent: false, timeout: 60_000 }, (answer) => {
      answer.resume().once("close", () => {
        resolve(answer.complete ? (answer.statusCode ?? 0) : 0);
      });
    });
    asked.once("timeout", () => asked.destroy());
    asked.once("error", () => {
      resolve(0);
    });
    asked.end();
  });
}

interface Count {
  readonly at: number;
  readonly value: number;
}

/** Whether the number has not changed for a while: an autoscaler looks every 15 s. */
function still(counts: readonly Count[]): boolean {
  const last = counts.at(-1);
  const changed = counts.findLast(({ value }) => value !== last?.value);
  return last !== undefined && last.at - (changed?.at ?? 0) > STILL_MS;
}

/** Looks every second until enough is seen, or the patience is over. */
async function until(
  look: () => Promise<number>,
  enough: (counts: readonly Count[]) => boolean,
  patienceMs: number,
  say: (line: string) => void,
): Promise<readonly Count[]> {
  const began = Date.now();
  const counts: Count[] = [];
  while (!enough(counts) && Date.now() - began < patienceMs) {
    const value = await look();
    if (counts.at(-1)?.value !== value) say(`${String(Math.round((Date.now() - began) / 1000))} s: ${String(value)} pods`);
    counts.push({ at: Date.now() - began, value });
    await sleep(1000);
  }
  return counts;
}
