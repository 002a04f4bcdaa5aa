import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeCgroup } from "./cgroups.ts";
import { enterMachine, initOf, killMachine, startDaemon, startMachine } from "./machine.ts";
import { plugIn } from "./network.ts";
import { CONTAINERD_SOCKET, cniConfig, containerdConfig, kubeletConfig, registryHosts } from "./node-config.ts";
import { writeKubeconfig } from "./pki.ts";
import type { NodeSettings, Settings } from "./settings.ts";
import { until } from "./until.ts";

/** In the machine's own /run, so that it goes with the machine. */
const FURNISHED = "/run/howdah-node";

/** Starts a node's machine and its containerd, and waits until that answers. Pods of a former life are gone, its images and volumes are not. */
export async function startNodeMachine(settings: Settings, node: NodeSettings): Promise<void> {
  if (!(await isFurnished(settings, node))) {
    await killMachine(settings, node.name);
    await startMachine(settings, node.name);
    await mountOwn(settings, node);
  }
  await plugIn(settings, node);
  await makeCgroup(settings, node.name);
  const at = (name: string): string => join(directoryOf(settings, node), name);
  const registries = at("registries");
  await mkdir(join(registries, settings.registryHost), { recursive: true });
  await writeFile(join(registries, settings.registryHost, "hosts.toml"), registryHosts(settings));
  await mkdir(at("cni"), { recursive: true });
  await writeFile(at("cni/10-pods.conflist"), JSON.stringify(cniConfig(settings, node)));
  await writeFile(at("containerd.toml"), containerdConfig(at("cni"), registries));
  await startDaemon(settings, node.name, "containerd", ["containerd", "--config", at("containerd.toml"), "--log-level", "warn"]);
  await until(settings, `containerd of ${node.name}`, [node.name, "containerd"], async () => {
    const said = await enterMachine(settings, node.name, ["ctr", "--address", CONTAINERD_SOCKET, "version"], { accept: "any" });
    return said.code === 0;
  });
}

/**
 * Starts the kubelet and kube-proxy of a node whose machine runs; they wait for the API server by themselves. Answers since when what
 * Kubernetes says of the node is true: before its kubelet was started it may still call a dead node Ready.
 */
export async function startNodeAgents(settings: Settings, node: NodeSettings, kubernetes: string): Promise<Date> {
  const now = new Date();
  const config = join(directoryOf(settings, node), "kubelet.json");
  await writeFile(config, JSON.stringify(kubeletConfig(settings, node), undefined, 2));
  const started = await startDaemon(settings, node.name, "kubelet", [
    kubernetes,
    "kubelet",
    `--config=${config}`,
    `--kubeconfig=${await writeKubeconfig(settings, node.name)}`,
    `--hostname-override=${node.name}`,
    `--node-ip=${node.address}`,
  ]);
  await startDaemon(settings, node.name, "kube-proxy", [
    kubernetes,
    "kube-proxy",
    `--kubeconfig=${await writeKubeconfig(settings, "proxy")}`,
    `--hostname-override=${node.name}`,
    `--cluster-cidr=${settings.podNetwork}`,
    "--proxy-mode=iptables",
    "--conntrack-max-per-core=0",
    "--nodeport-addresses=0.0.0.0/0",
  ]);
  return started ? now : new Date(0);
}

/** The Node object as it is before its kubelet comes: it says which addresses its pods have, and where it stands. */
export function nodeObject(node: NodeSettings): object {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      name: node.name,
      labels: {
        "topology.kubernetes.io/region": "test",
        "topology.kubernetes.io/zone": node.zone,
        "kubernetes.io/hostname": node.name,
        "kubernetes.io/os": "linux",
      },
    },
    spec: { podCIDR: node.pods, podCIDRs: [node.pods] },
  };
}

/** Gives a machine its own /var/lib and /var/log, kept on disk between two lives, and an empty /run; mounts propagate inside, never to the host. */
async function mountOwn(settings: Settings, node: NodeSettings): Promise<void> {
  const inside = (argv: readonly string[]) => enterMachine(settings, node.name, argv);
  await inside(["mount", "--make-rshared", "/"]);
  for (const [name, path] of [
    ["lib", "/var/lib"],
    ["log", "/var/log"],
  ] as const) {
    const own = join(directoryOf(settings, node), name);
    await mkdir(own, { recursive: true });
    await inside(["mount", "--bind", own, path]);
  }
  await inside(["mount", "-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run"]);
  await inside(["mkdir", "-p", "/run/lock", "/run/netns", "/run/containerd"]);
  await inside(["touch", "/run/no-resolv.conf"]);
  await inside(["sysctl", "-qw", "net.ipv4.ip_forward=1"]);
  // Bridged packets of a node's pods must pass its rules, or answers of a service come from the wrong address.
  await enterMachine(settings, node.name, ["sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=1"], { accept: "any" });
  await inside(["touch", FURNISHED]);
}

/** Whether the machine runs and has its mounts: a starter may have been killed between the two. */
async function isFurnished(settings: Settings, node: NodeSettings): Promise<boolean> {
  if ((await initOf(settings, node.name)) === undefined) return false;
  return (await enterMachine(settings, node.name, ["test", "-e", FURNISHED], { accept: "any" })).code === 0;
}

function directoryOf(settings: Settings, node: NodeSettings): string {
  return join(settings.directory, "nodes", node.name);
}
