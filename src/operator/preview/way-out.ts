import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { hasPlace, rulesFor } from "../../render/cluster/network-policies.ts";
import { canonicalJson } from "../../render/rendered.ts";
import type { Site } from "../../site/site.ts";
import type { OperatorPorts } from "../operator-ports.ts";

const NAME = "allowed-by-name";

/**
 * Lets an environment out to the servers that its site file allows by name: policies know addresses only, so whoever has the name now is in one of its own,
 * which is looked up again with each look. Answers whether there is any. Who was looked up in vain keeps what it had.
 */
export async function keepWayOut(namespace: string, site: Site, ports: OperatorPorts, signal: AbortSignal): Promise<boolean> {
  const targets = (site.preview?.allow ?? []).filter((target) => !hasPlace(target));
  if (targets.length === 0) return false;
  const place = { resource: resources.NetworkPolicy, namespace, name: NAME };
  const found = await ports.api.get(place, signal);
  const former = (found?.["spec"] as { readonly egress?: readonly object[] } | undefined)?.egress ?? [];
  const egress: object[] = [];
  for (const target of targets) {
    const at = target.lastIndexOf(":");
    const addresses = await ports.addressesOf(target.slice(0, at));
    egress.push(...addresses.flatMap((address) => rulesFor(`${address}:${target.slice(at + 1)}`)));
  }
  const wanted: KubeObject = {
    ...{ apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" },
    metadata: { name: NAME, namespace, labels: { "app.kubernetes.io/managed-by": "howdah" } },
    spec: { podSelector: {}, policyTypes: ["Egress"], egress },
  };
  const isLost = egress.length === 0 && former.length > 0;
  if (!isLost && canonicalJson(former) !== canonicalJson(egress)) await ports.api.apply(resources.NetworkPolicy, wanted, {}, signal);
  return true;
}
