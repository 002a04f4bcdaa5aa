import { writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { run } from "../../../../src/providers/process.ts";
import { followCniResults } from "./cni-results.ts";
import type { Namespace, NetworkPolicy } from "./network-model.ts";
import { watchedPod } from "./network-pod.ts";
import { nodeRules } from "./nftables-rules.ts";
import { podRules } from "./pod-rules.ts";
import { watchApi } from "./watch-api.ts";

/**
 * Enforces NetworkPolicies on one node: watches pods, namespaces and policies, and writes the node's nftables rules whenever what they say
 * changes. Runs inside the node's machine until that ends. Test equipment: a cluster of users has its network plugin for this.
 */
const { values } = parseArgs({
  options: {
    node: { type: "string" },
    nodes: { type: "string" },
    pods: { type: "string" },
    kubeconfig: { type: "string" },
    "cni-results": { type: "string" },
  },
});
const { node = "", nodes = "", pods: podNetwork = "", kubeconfig = "", "cni-results": cniResults = "/var/lib/cni/results" } = values;

/** Several objects change at once when a pod starts or ends; they are one write. */
const GATHER_MS = 20;
/** In the machine's own /run. */
const RULES = "/run/network-policy.json";

let wake: () => void = () => undefined;
let stale = true;
const changed = (): void => {
  stale = true;
  wake();
};

// Pods of one node talk by the bridge, which asks the firewall only when told to.
await writeFile("/proc/sys/net/bridge/bridge-nf-call-iptables", "1");

const pods = watchApi(kubeconfig, "/api/v1/pods", (object) => watchedPod(object, nodes.split(",")), changed);
const namespaces = watchApi(kubeconfig, "/api/v1/namespaces", namespaceOf, changed);
const policies = watchApi(kubeconfig, "/apis/networking.k8s.io/v1/networkpolicies", policyOf, changed);
const given = followCniResults(cniResults, changed);

let written = "";
for (;;) {
  if (!stale) await new Promise<void>((resolve) => (wake = resolve));
  await sleep(GATHER_MS);
  stale = false;
  const rules = currentRules();
  if (rules === undefined || rules === written) continue;
  const problem = await nft(rules);
  if (problem === undefined) {
    written = rules;
    continue;
  }
  console.error(`nft did not take the rules: ${problem}`);
  stale = true;
  await sleep(1000);
}

/** Undefined before everything is known: half of the truth would let things pass, or cut off what runs. */
function currentRules(): string | undefined {
  const [podMap, namespaceMap, policyMap] = [pods.objects(), namespaces.objects(), policies.objects()];
  if (podMap === undefined || namespaceMap === undefined || policyMap === undefined) return undefined;
  const located = [...podMap.values()]
    .map((pod) => (pod.node === node ? { ...pod, address: given.addressOf(pod.uid) ?? pod.address } : pod))
    .filter(({ address }) => address !== "");
  const view = { pods: located, namespaces: [...namespaceMap.values()], policies: [...policyMap.values()] };
  const local = located.filter((pod) => pod.node === node).sort((a, b) => (a.address < b.address ? -1 : 1));
  return JSON.stringify(nodeRules(podRules(local, view), podNetwork));
}

/** Writes the rules as one transaction; answers what nft said when it did not take them. A file, since nft opens its input by name and can't open Node's pipes. */
async function nft(rules: string): Promise<string | undefined> {
  await writeFile(RULES, rules);
  return await run(["nft", "--json", "--file", RULES]).then(
    () => undefined,
    (error: unknown) => String(error),
  );
}

/** What rules need of a namespace: a change of anything else is none. */
function namespaceOf(object: unknown): Namespace {
  const { name, labels = {} } = (object as Namespace).metadata;
  return { metadata: { name, labels } };
}

function policyOf(object: unknown): NetworkPolicy {
  const { metadata, spec = {} } = object as NetworkPolicy;
  return { metadata: { name: metadata.name, namespace: metadata.namespace ?? "" }, spec };
}
