import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Addon, Workshop } from "../../addon.ts";
import { keyPair } from "../../pki.ts";
import type { Settings } from "../../settings.ts";
import { moduleDirectory } from "../go-module.ts";

/** A played node is never full. */
const AMPLE = { cpu: "1k", memory: "1Ti", pods: "1M", "ephemeral-storage": "1Pi" };
/** How many nodes are played, from HOWDAH_CLUSTER_KWOK_NODES. Each takes any number of pods, and renews a lease every 3 s. */
const DEFAULT_NODES = 6;
/** Addresses of played pods: nobody answers there, and no real pod has them. */
const PODS = "10.200.0.0/16";
/** Shorter than the time after which a node counts as lost here. */
const LEASE_SECONDS = 12;
const KEY = "kwok.x-k8s.io/node";
/** Where the API server asks played nodes what it asks kubelets, on the machine of the control plane. */
const KUBELET_PORT = 10_250;
/** Whoever listens here on the host's address in the cluster's network answers for every port of every played pod that is forwarded to. */
export const PLAYED_PAGES_PORT = 18_080;

/** Annotations of a namespace all of whose pods shall be played: the API server adds selector and toleration to each. */
export const onPlayedNodes: Readonly<Record<string, string>> = {
  "scheduler.alpha.kubernetes.io/node-selector": "type=kwok",
  "scheduler.alpha.kubernetes.io/defaultTolerations": JSON.stringify([{ key: KEY, operator: "Exists", effect: "NoSchedule" }]),
};

/** How a node is initialized and kept alive, and how pods become ready, complete and are deleted: kwok's own files, below kustomize/stage. */
const stages = [
  "node/fast/node-initialize.yaml",
  "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
  "pod/fast/pod-ready.yaml",
  "pod/fast/pod-complete.yaml",
  "pod/fast/pod-delete.yaml",
] as const;

/** Nodes and pods that are only played, for tests of scale: the API server, controllers and scheduler are real, containers there are none. */
export const kwok: Addon = {
  name: "kwok",
  about: "played nodes (taint kwok.x-k8s.io/node, label type=kwok) whose pods cost nothing, for tests of scale",
  byDefault: false,
  build: async (workshop) => {
    await program(workshop);
    await moduleDirectory(workshop, import.meta.dirname, "sigs.k8s.io/kwok");
  },
  start: async (cluster) => {
    const { settings } = cluster;
    const directory = await moduleDirectory(cluster, import.meta.dirname, "sigs.k8s.io/kwok");
    const serving = keyPair(settings, "apiserver"); // of the same address
    await cluster.daemon(settings.control.name, "kwok", [
      await program(cluster),
      ...stages.map((stage) => `--config=${join(directory, "kustomize/stage", stage)}`),
      `--kubeconfig=${cluster.kubeconfig}`,
      `--manage-nodes-with-annotation-selector=${KEY}=fake`,
      `--node-lease-duration-seconds=${String(LEASE_SECONDS)}`,
      `--config=${await pagesConfig(settings)}`,
      `--node-ip=${settings.control.address}`,
      `--node-port=${String(KUBELET_PORT)}`,
      `--tls-cert-file=${serving.cert}`,
      `--tls-private-key-file=${serving.key}`,
      `--cidr=${PODS}`,
      "--v=WARN",
    ]);
    const nodes = playedNodes(Number(process.env["HOWDAH_CLUSTER_KWOK_NODES"] ?? DEFAULT_NODES));
    await cluster.apply(nodes);
    await cluster.kubectl(["wait", "--for=condition=Ready", "node", "--selector=type=kwok", "--timeout=120s"]);
  },
  stop: async () => {
    // kwok ends with the machine of the control plane, its nodes with the API server's data.
  },
};

/** Played pods have no programs: what is forwarded to their ports goes to the host, where a test may answer. */
async function pagesConfig({ directory, hostAddress }: Settings): Promise<string> {
  const file = join(directory, "kwok-pages.json");
  const target = { address: hostAddress, port: PLAYED_PAGES_PORT };
  const forward = {
    apiVersion: "kwok.x-k8s.io/v1alpha1",
    kind: "ClusterPortForward",
    metadata: { name: "pages" },
    spec: { forwards: [{ target }] },
  };
  await writeFile(file, JSON.stringify(forward));
  return file;
}

function playedNodes(count: number): readonly object[] {
  return Array.from({ length: count }, (_, index) => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: `kwok-${String(index + 1)}`,
      annotations: { [KEY]: "fake" },
      labels: {
        type: "kwok",
        "kubernetes.io/hostname": `kwok-${String(index + 1)}`,
        "kubernetes.io/os": "linux",
        "topology.kubernetes.io/region": "test",
        "topology.kubernetes.io/zone": `zone-${String((index % 3) + 1)}`,
      },
    },
    // Only pods that want to be played come here.
    spec: { taints: [{ key: KEY, value: "fake", effect: "NoSchedule" }] },
    status: { allocatable: AMPLE, capacity: AMPLE },
  }));
}

function program(workshop: Workshop): Promise<string> {
  return workshop.goProgram({ name: "kwok", module: import.meta.dirname, package: "sigs.k8s.io/kwok/cmd/kwok", static: true });
}
