import type { Pass, PodRules, PortRange, Remote } from "./pod-rules.ts";

/** The table that is ours, and nobody else's, in each node's network namespace. */
export const TABLE = { family: "inet", name: "howdah-network-policy" } as const;

/** A command or expression in libnftables' JSON, which `nft --json --file -` takes as one transaction. */
export type Nft = Readonly<Record<string, unknown>>;

/**
 * All rules of one node as one transaction: the table of before goes, the new one comes, and no packet sees anything between.
 * Only the chain `forward` sees traffic of pods; what a node itself says to its pods (the kubelet's probes) always passes, as
 * Kubernetes has it. A pod that isn't known yet sends nothing: new pods are isolated before they start, not some time later. Whoever connects
 * to an address that no known pod has hears at once that nobody is there, as with an address that has none: a gateway must not wait for it.
 */
export function nodeRules(rules: readonly PodRules[], podNetwork: string): { readonly nftables: readonly Nft[] } {
  const isolatedIn = rules.filter(({ ingress }) => ingress !== undefined);
  const isolatedOut = rules.filter(({ egress }) => egress !== undefined);
  const known = rules.map(({ pod }) => pod.address).sort();
  return {
    nftables: [
      { add: { table: TABLE } },
      { delete: { table: TABLE } },
      { add: { table: TABLE } },
      chain("forward", { type: "filter", hook: "forward", prio: -1, policy: "accept" }),
      ...isolatedOut.map(({ pod }) => chain(`egress-${pod.address}`)),
      ...isolatedIn.map(({ pod }) => chain(`ingress-${pod.address}`)),
      rule("forward", [match({ ct: { key: "state" } }, ["established", "related"], "in"), { accept: null }]),
      rule("forward", [...unknown("saddr", podNetwork, known), ...drop]),
      rule("forward", [...unknown("daddr", podNetwork, known), { counter: null }, { reject: { type: "icmpx", expr: "host-unreachable" } }]),
      ...dispatch("saddr", "egress", isolatedOut),
      ...dispatch("daddr", "ingress", isolatedIn),
      ...isolatedOut.flatMap(({ pod, egress = [] }) => passes(`egress-${pod.address}`, "daddr", [own(pod.address), ...egress])),
      ...isolatedIn.flatMap(({ pod, ingress = [] }) => passes(`ingress-${pod.address}`, "saddr", [own(pod.address), ...ingress])),
    ],
  };
}

const drop: readonly Nft[] = [{ counter: null }, { drop: null }];

/** No policy keeps a pod from itself, by way of a service for example. */
const own = (address: string): Pass => ({ remote: { addresses: [address] } });

function chain(name: string, hook: Nft = {}): Nft {
  return { add: { chain: { family: TABLE.family, table: TABLE.name, name, ...hook } } };
}

function rule(chain: string, expr: readonly Nft[]): Nft {
  return { add: { rule: { family: TABLE.family, table: TABLE.name, chain, expr } } };
}

function match(left: Nft, right: unknown, op = "=="): Nft {
  return { match: { op, left, right } };
}

const address = (field: "saddr" | "daddr"): Nft => ({ payload: { protocol: "ip", field } });

function unknown(field: "saddr" | "daddr", podNetwork: string, known: readonly string[]): readonly Nft[] {
  const inside = match(address(field), prefix(podNetwork));
  return known.length === 0 ? [inside] : [inside, match(address(field), { set: known }, "!=")];
}

function dispatch(field: "saddr" | "daddr", direction: string, isolated: readonly PodRules[]): readonly Nft[] {
  if (isolated.length === 0) return [];
  const targets = isolated.map(({ pod }) => [pod.address, { jump: { target: `${direction}-${pod.address}` } }]);
  return [rule("forward", [{ vmap: { key: address(field), data: { set: targets } } }])];
}

/** One rule for each kind of connection that passes, and the end of all others. `return` goes on to the other direction's check. */
function passes(chain: string, field: "saddr" | "daddr", allowed: readonly Pass[]): readonly Nft[] {
  const rules = allowed
    .filter(({ remote }) => !("cidr" in remote && remote.cidr.includes(":"))) // pods here have IPv4 addresses only
    .map(({ remote, ports }) => rule(chain, [...remoteMatches(remote, field), ...portMatches(ports), { return: null }]));
  const once = new Map(rules.map((entry) => [JSON.stringify(entry), entry]));
  return [...once.values(), rule(chain, drop)];
}

function remoteMatches(remote: Remote, field: "saddr" | "daddr"): readonly Nft[] {
  if ("any" in remote) return [];
  if ("addresses" in remote) return [match(address(field), { set: remote.addresses })];
  return [match(address(field), prefix(remote.cidr)), ...remote.except.map((except) => match(address(field), prefix(except), "!="))];
}

function portMatches(ports: PortRange | undefined): readonly Nft[] {
  if (ports === undefined) return [];
  const { protocol, first, last } = ports;
  if (first === undefined) return [match({ meta: { key: "l4proto" } }, protocol)];
  return [match({ payload: { protocol, field: "dport" } }, first === last ? first : { range: [first, last] })];
}

function prefix(cidr: string): Nft {
  const [addr, length] = cidr.split("/");
  return { prefix: { addr, len: Number(length) } };
}
