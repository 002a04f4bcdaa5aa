import { fileURLToPath } from "node:url";
import type { Addon, Cluster } from "../../addon.ts";
import { until } from "../../until.ts";
import { TABLE } from "./nftables-rules.ts";

const DAEMON = "network-policy";

/** NetworkPolicies that hold: none of the network plugins that do it can be built here. One enforcer runs on each node. */
export const networkPolicy: Addon = {
  name: "network-policy",
  about: "enforces NetworkPolicies with nftables on every node",
  byDefault: true,
  build: async () => {
    // Node runs it as it is; nft comes from the package nftables.
  },
  start: async (cluster) => {
    await Promise.all(cluster.settings.nodes.map((node) => startOn(cluster, node)));
  },
  stop: async () => {
    // The machines take the enforcers and their rules along.
  },
};

async function startOn(cluster: Cluster, { name, pods }: { readonly name: string; readonly pods: string }): Promise<void> {
  const program = fileURLToPath(new URL("enforcer.ts", import.meta.url));
  const nodes = cluster.settings.nodes.map((node) => node.name).join(",");
  const options = ["--node", name, "--nodes", nodes, "--pods", pods, "--kubeconfig", cluster.kubeconfig];
  await cluster.daemon(name, DAEMON, [process.execPath, program, ...options]);
  const written = ["nft", "list", "table", TABLE.family, TABLE.name];
  await until(cluster.settings, `NetworkPolicies on ${name}`, [name, DAEMON], async () => {
    return (await cluster.enter(name, written, { accept: "any" })).code === 0;
  });
}
