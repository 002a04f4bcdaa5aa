import type { ClusterObject } from "../cluster/cluster-object.ts";
import { rulesFor } from "../cluster/network-policies.ts";
import { BREED_PART_LABEL } from "../../kernel/breed-labels.ts";

/** What a breed must reach. */
export interface BreedReach {
  /** `HOST:PORT` of the site's database. */
  readonly source: readonly string[];
  /** Addresses of the API server, as its own Service leads there: a policy knows addresses only. */
  readonly apiServers: readonly { readonly address: string; readonly port: number }[];
}

/**
 * Who of a breed's pods reaches whom, in a namespace that is closed otherwise: the breeder the API server and the source's definitions, the loader the source,
 * and pods with raw data in them nobody. Nobody comes in.
 */
export function breedPolicies({ source, apiServers }: BreedReach, metadata: ClusterObject["metadata"]): readonly ClusterObject[] {
  const toSource = source.flatMap(rulesFor);
  const toApi = apiServers.map(({ address, port }) => ({
    to: [{ ipBlock: { cidr: `${address}/${address.includes(":") ? "128" : "32"}` } }],
    ports: [{ protocol: "TCP", port }],
  }));
  const policy = (part: string, egress: readonly object[]): ClusterObject => ({
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { ...metadata, name: `${metadata.name}-${part}` },
    spec: { podSelector: { matchLabels: { [BREED_PART_LABEL]: part } }, policyTypes: ["Ingress", "Egress"], ingress: [], egress },
  });
  return [policy("breeder", [...toApi, ...toSource]), policy("loader", toSource), policy("sealed", [])];
}
