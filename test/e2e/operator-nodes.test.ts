import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cutMachine, healMachine } from "../cluster/faults.ts";
import { CONTAINERD_SOCKET } from "../cluster/node-config.ts";
import { whyNoMachine } from "../support/howdah-machine.ts";
import { type ClusterSteadySite, clusterSteadySite } from "../support/load/cluster-steady-site.ts";
import type { LoadReport } from "../support/load/load-report.ts";
import { type SteadyLoad, steadyLoad } from "../support/load/load-tool.ts";
import { type OperatorRig, operatorRig } from "../support/operator-rig.ts";
import { runningCluster } from "../support/test-cluster.ts";

/** As in operator-no-request-lost.test.ts. */
const RATE = 30;
const AFTER_MS = 10_000;
const FOLLOWS = { timeout: 240_000, interval: 500 };
const why = await whyNoMachine();
if (why !== undefined) process.stderr.write(`operator-nodes.test.ts is skipped: ${why}\n`);

interface Pod {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName?: string };
  readonly status: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
}

interface Budget {
  readonly status?: { readonly currentHealthy: number; readonly desiredHealthy: number };
}

// A5: docs/how-to/drain-a-node.md and lose-a-node.md.
describe.skipIf(why !== undefined && process.env["CI"] === undefined)("a site of two pods on a cluster whose nodes go", () => {
  const cluster = runningCluster();
  const { nodes } = cluster.settings;
  let rig: OperatorRig;
  let site: ClusterSteadySite;
  /** Of the database, which is one pod and does not move: its node stays, and visitors come in there. */
  let home: string;
  const touched = new Set<string>();

  beforeAll(async () => {
    rig = await operatorRig("nodes", 18_756);
    await rig.operator();
    site = await clusterSteadySite(rig);
    const servers = (await podsIn("howdah-system")).filter(({ metadata }) => metadata.name.startsWith("mariadb-"));
    home = servers[0]?.spec.nodeName ?? "";
    expect(nodes.map(({ name }) => name)).toContain(home);
  });
  afterAll(async () => {
    for (const node of touched) await healMachine(cluster, node);
    expect(await rig?.close()).toEqual([]);
  });

  const podsIn = async (namespace: string): Promise<readonly Pod[]> =>
    (JSON.parse(await rig.kubectl("get", "pods", "--namespace", namespace, "--output=json")) as { items: Pod[] }).items;
  /** Nodes of the pods that serve; of those on their way out no more. */
  const places = async (): Promise<readonly string[]> =>
    (await podsIn(site.namespace)).filter((pod) => pod.metadata.deletionTimestamp === undefined && isReady(pod)).map(nodeOf);
  /** Two pods serve, and none on the node that is away. */
  const isWholeWithout = (node: string): Promise<void> =>
    expect
      .poll(async () => (await places()).map((place) => (place === node ? "on the lost node" : "elsewhere")), FOLLOWS)
      .toEqual(["elsewhere", "elsewhere"]);
  /** A node with a pod of the site, and without the database. */
  const victim = async (): Promise<string> => {
    await expect.poll(async () => (await places()).length, FOLLOWS).toBe(2);
    const found = (await places()).find((place) => place !== home);
    if (found === undefined) throw new Error(`both pods are on ${home}: they are not spread`);
    touched.add(found);
    return found;
  };
  const load = (): SteadyLoad => steadyLoad({ ...site.target, address: nodes.find(({ name }) => name === home)?.address ?? "" }, RATE);
  const tell = ({ failures, ...report }: LoadReport): void => {
    const reasons = new Map<string, number>();
    for (const { reason } of failures) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    console.log(`cluster: ${JSON.stringify({ ...report, reasons: Object.fromEntries(reasons) })}`);
  };

  it("loses no request when a node is drained as the page says, and its disruption budget is held", async () => {
    const [node, before] = [await victim(), await site.rows()];
    const steady = load();
    const drained = new AbortController();
    const violations = watchBudget(drained.signal);
    steady.phase("drain");
    const began = performance.now();
    await rig.kubectl("drain", node, "--ignore-daemonsets", "--delete-emptydir-data", "--timeout=300s");
    console.log(`cluster: drained in ${((performance.now() - began) / 1000).toFixed(1)} s`);
    await isWholeWithout(node);
    drained.abort();
    await rig.kubectl("uncordon", node);
    const report = await steady.stop();
    tell(report);
    expect(await violations).toEqual([]);
    expect(report.failures).toEqual([]);
    expect(await site.rows()).toBe(before + report.stored);
  });

  async function watchBudget(signal: AbortSignal): Promise<readonly string[]> {
    const violations: string[] = [];
    let looks = 0;
    for (; !signal.aborted; await sleep(250)) {
      const budget = JSON.parse(
        await rig.kubectl("get", "poddisruptionbudget/web", "--namespace", site.namespace, "--output=json"),
      ) as Budget;
      const { currentHealthy = 0, desiredHealthy = Number.NaN } = budget.status ?? {};
      looks += 1;
      if (!(currentHealthy >= desiredHealthy && desiredHealthy >= 1))
        violations.push(`${String(currentHealthy)} of ${String(desiredHealthy)}`);
    }
    return looks > 5 ? violations : ["nobody looked"];
  }

  it("fails only until a lost node is noticed, is whole without it, and nothing is left over when it is back", async () => {
    const [node, before] = [await victim(), await site.rows()];
    const steady = load();
    await sleep(2000);
    steady.phase("cut");
    const cut = Date.now();
    const since = (): string => `${((Date.now() - cut) / 1000).toFixed(1)} s`;
    await cutMachine(cluster, node);
    const ready = ["get", "node", node, '--output=jsonpath={.status.conditions[?(@.type=="Ready")].status}'];
    await expect.poll(() => rig.kubectl(...ready), FOLLOWS).not.toBe("True");
    console.log(`cluster: ${node} is noticed after ${since()}`);
    await isWholeWithout(node);
    console.log(`cluster: whole after ${since()}`);
    await rig.kubectl("wait", "environment/production", "--namespace", site.namespace, "--for=condition=Ready", "--timeout=120s");
    // The lost pod is given up 30 s after its node is `NotReady`: so long, and until another serves, the gateway had to follow.
    steady.phase("without it");
    await sleep(AFTER_MS);
    steady.phase("healed");
    await healMachine(cluster, node);
    await expect.poll(() => leftOn(node), FOLLOWS).toEqual([]);
    expect(await places()).toHaveLength(2);
    console.log(`cluster: as before after ${since()}`);
    const report = await steady.stop();
    tell(report);
    expect(report.phases["cut"]?.failed).toBeGreaterThan(0); // else nothing was lost here, and nothing is shown
    expect({ ...report.phases, cut: undefined }).toMatchObject({
      steady: { failed: 0 },
      "without it": { failed: 0 },
      healed: { failed: 0 },
    });
    // Whether a body whose answer was lost is stored, nobody knows; whoever got an answer may rely on it. A gateway that was cut off follows late.
    await expect.poll(() => site.rows().catch(() => 0), FOLLOWS).toBeGreaterThanOrEqual(before + report.stored);
  });

  /** Pods of the site that are on their way out, and containers that run on a node though the API has no pod of the site there. */
  async function leftOn(node: string): Promise<readonly string[]> {
    const pods = await podsIn(site.namespace);
    const ctr = ["ctr", `--address=${CONTAINERD_SOCKET}`, "--namespace=k8s.io"];
    const ofSite = `labels."io.kubernetes.pod.namespace"==${site.namespace}`;
    const containers = (await cluster.enter(node, [...ctr, "containers", "list", "--quiet", ofSite])).stdout.split("\n");
    const running = (await cluster.enter(node, [...ctr, "tasks", "list"])).stdout.split("\n").filter((line) => line.includes("RUNNING"));
    const orphans = pods.some((pod) => nodeOf(pod) === node)
      ? []
      : containers.filter((id) => running.some((line) => line.startsWith(`${id} `)));
    return [...pods.filter(({ metadata }) => metadata.deletionTimestamp !== undefined).map(({ metadata }) => metadata.name), ...orphans];
  }
});

function nodeOf({ spec }: Pod): string {
  return spec.nodeName ?? "";
}

function isReady({ status }: Pod): boolean {
  return status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true;
}
