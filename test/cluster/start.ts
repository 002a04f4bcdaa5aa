import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { withFileLock } from "../../src/providers/file-lock.ts";
import type { Addon, Cluster, Workshop } from "./addon.ts";
import { addons } from "./addons.ts";
import { connect, installBinary, kubernetesBinary, loadImages } from "./cluster.ts";
import { startControlPlane } from "./control-plane.ts";
import { startMachine } from "./machine.ts";
import { plugIn, startNetwork } from "./network.ts";
import { PAUSE_IMAGE } from "./node-config.ts";
import { nodeObject, startNodeAgents, startNodeMachine } from "./node.ts";
import { makeCertificates, writeKubeconfig } from "./pki.ts";
import { readRecord, recordAddons } from "./record.ts";
import { checkRequirements } from "./requirements.ts";
import type { NodeSettings, Settings } from "./settings.ts";
import { until } from "./until.ts";

/** Another start may be building for minutes. */
const WAIT_MS = 1_800_000;

/** Builds all that a cluster needs, from the cache where nothing has changed. */
export async function buildCluster(workshop: Workshop, chosen: readonly Addon[]): Promise<void> {
  await kubernetesBinary(workshop);
  await pauseImage(workshop);
  for (const addon of chosen) await addon.build(workshop);
}

/**
 * Starts what does not run: the network, the control plane, three nodes, the add-ons. Returns when all nodes are Ready and all add-ons serve.
 * A start that was killed half-way is continued by the next one. Errors say what is missing, or what a program said last.
 */
export async function startCluster(workshop: Workshop, chosen: readonly Addon[]): Promise<Cluster> {
  const { settings, say } = workshop;
  await checkRequirements();
  await buildCluster(workshop, chosen);
  await mkdir(settings.cache, { recursive: true });
  return await withFileLock(lockOf(settings), () => start(workshop, chosen, say), WAIT_MS);
}

/** One start or stop of a cluster at a time. */
export function lockOf(settings: Settings): string {
  return join(settings.cache, `cluster-${String(settings.number)}.lock`);
}

async function start(workshop: Workshop, chosen: readonly Addon[], say: (line: string) => void): Promise<Cluster> {
  const { settings } = workshop;
  await claimDirectory(settings);
  await makeCertificates(settings);
  await startNetwork(settings);
  await Promise.all([startControl(workshop), ...settings.nodes.map((node) => startNodeMachine(settings, node))]);
  say("The API server is ready");
  await loadImages(settings, [await pauseImage(workshop)]);
  const cluster = connect(workshop);
  // None where all nodes are played.
  if (settings.nodes.length > 0) await cluster.apply(settings.nodes.map(nodeObject));
  const kubernetes = await installBinary(workshop);
  await Promise.all(settings.nodes.map(async (node) => untilNodeReady(cluster, node, await startNodeAgents(settings, node, kubernetes))));
  say(`${String(settings.nodes.length)} nodes are Ready`);
  for (const addon of chosen) {
    await recordAddons(settings, [addon.name]);
    await addon.start(cluster);
    say(`${addon.name} is there`);
  }
  return cluster;
}

/** Starts the machine of the control plane with all that runs there; returns when the API server is ready. */
export async function startControl(workshop: Workshop): Promise<void> {
  const { settings } = workshop;
  await writeKubeconfig(settings, "admin", "kubeconfig");
  await startMachine(settings, settings.control.name);
  await plugIn(settings, settings.control);
  await startControlPlane(settings, await installBinary(workshop), () => untilApiReady(connect(workshop)));
}

/** Waits until the API server says that it is ready. */
async function untilApiReady({ settings, kubectl }: Cluster): Promise<void> {
  await until(settings, "The API server", [settings.control.name, "kube-apiserver"], async () => {
    const said = await kubectl(["get", "--raw=/readyz"], { accept: "any", timeoutMs: 10_000 });
    return said.code === 0;
  });
}

/** Waits until a node has said, not before `since`, that it is Ready. */
export async function untilNodeReady({ settings, kubectl }: Cluster, node: NodeSettings, since: Date): Promise<void> {
  await until(settings, `Node ${node.name}`, [node.name, "kubelet"], async () => {
    const { stdout } = await kubectl(["get", "node", node.name, "--output=json"], { timeoutMs: 10_000 });
    const { status } = JSON.parse(stdout) as { status: { conditions?: readonly Condition[] } };
    const ready = status.conditions?.find(({ type }) => type === "Ready");
    // Kubernetes cuts times to whole seconds.
    return ready?.status === "True" && Date.parse(ready.lastHeartbeatTime) >= Math.floor(since.getTime() / 1000) * 1000;
  });
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly lastHeartbeatTime: string;
}

/** The add-ons that a start brings: those by default and those that are named. `all` names all. */
export function chooseAddons(named: readonly string[]): readonly Addon[] {
  const unknown = named.filter((name) => name !== "all" && !addons.some((addon) => addon.name === name));
  if (unknown.length > 0)
    throw new Error(`There is no add-on ${unknown.join(", ")}. There are: ${addons.map(({ name }) => name).join(", ")}`);
  return addons.filter(({ name, byDefault }) => byDefault || named.includes("all") || named.includes(name));
}

async function claimDirectory(settings: Settings): Promise<void> {
  const { directory } = settings;
  // A machine of the cluster has these for itself and would not see the run directory.
  if (/^\/(run|var\/run|var\/lib|var\/log)(\/|$)/.test(directory))
    throw new Error(`${directory} can't be the run directory: nodes have their own`);
  await mkdir(directory, { recursive: true, mode: 0o755 });
  const there = await readdir(directory);
  if (there.length > 0 && (await readRecord(settings)) === undefined) {
    throw new Error(`${directory} holds other files: choose an empty directory (HOWDAH_CLUSTER_DIR)`);
  }
  await recordAddons(settings, []);
}

/** catatonit waits and takes in orphans: all that the first process of a pod must do. Debian's is static. */
function pauseImage(workshop: Workshop): Promise<string> {
  return workshop.image({
    name: PAUSE_IMAGE,
    files: { "/catatonit": { from: "/usr/bin/catatonit" } },
    entrypoint: ["/catatonit", "-P"],
    user: "65535:65535",
  });
}
