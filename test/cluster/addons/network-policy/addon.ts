import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import type { Addon, Cluster } from "../../addon.ts";
import { TABLE } from "./nftables-rules.ts";

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
  const options = ["--node", name, "--pods", pods, "--kubeconfig", cluster.kubeconfig];
  await cluster.daemon(name, "network-policy", [process.execPath, program, ...options]);
  const written = ["nft", "list", "table", TABLE.family, TABLE.name];
  for (let tries = 0; (await cluster.enter(name, written, { accept: "any" })).code !== 0; tries += 1) {
    if (tries === 120) throw new Error(`${name} has no rules for NetworkPolicies after a minute; its log network-policy says why`);
    await sleep(500);
  }
}
