import { BlockList } from "node:net";
import { selects } from "./label-selector.ts";
import type { NetworkPod, NetworkPolicy, NetworkView, PolicyPeer, PolicyPort } from "./network-model.ts";

/** The other end of a connection: any address, some pods' addresses, or a block of addresses without parts of it. */
export type Remote =
  | { readonly any: true }
  | { readonly addresses: readonly string[] }
  | { readonly cidr: string; readonly except: readonly string[] };

/** Ports of one protocol (`tcp`, `udp`, `sctp`), both ends included; `first` undefined: all ports. */
export interface PortRange {
  readonly protocol: string;
  readonly first?: number;
  readonly last?: number;
}

/** One kind of connection that passes. `ports` undefined: every protocol and port. */
export interface Pass {
  readonly remote: Remote;
  readonly ports?: PortRange;
}

/** What may reach a pod and what it may reach. Undefined: the pod isn't isolated in that direction, everything passes. */
export interface PodRules {
  readonly pod: NetworkPod;
  readonly ingress: readonly Pass[] | undefined;
  readonly egress: readonly Pass[] | undefined;
}

/** The rules of each given pod. Policies add up: a connection passes when one of those that choose the pod lets it. */
export function podRules(pods: readonly NetworkPod[], view: NetworkView): readonly PodRules[] {
  const policiesOf = Map.groupBy(view.policies, ({ metadata }) => metadata.namespace ?? "");
  return pods.map((pod) => {
    const chosenBy = (policiesOf.get(pod.namespace) ?? []).filter(({ spec }) => selects(spec?.podSelector ?? {}, pod.labels));
    const ingress = chosenBy.filter((policy) => typesOf(policy).includes("Ingress"));
    const egress = chosenBy.filter((policy) => typesOf(policy).includes("Egress"));
    return {
      pod,
      ingress: ingress.length === 0 ? undefined : ingress.flatMap((policy) => ingressPasses(policy, pod, view)),
      egress: egress.length === 0 ? undefined : egress.flatMap((policy) => egressPasses(policy, view)),
    };
  });
}

/** Without `policyTypes` a policy is about what comes in, and about what goes out only when it has rules for that. */
function typesOf({ spec }: NetworkPolicy): readonly string[] {
  return spec?.policyTypes ?? (spec?.egress === undefined || spec.egress.length === 0 ? ["Ingress"] : ["Ingress", "Egress"]);
}

function ingressPasses(policy: NetworkPolicy, pod: NetworkPod, view: NetworkView): readonly Pass[] {
  return (policy.spec?.ingress ?? []).flatMap(({ from = [], ports = [] }) => {
    const remotes = remotesOf(from, policy, view);
    if (ports.length === 0) return remotes.map((remote) => ({ remote }));
    // A name means the port of the pod that the connection goes to: here the chosen one.
    const ranges = ports.flatMap((port) => (typeof port.port === "string" ? namedPort(port, pod) : [rangeOf(port)]));
    return remotes.flatMap((remote) => ranges.map((range) => ({ remote, ports: range })));
  });
}

function egressPasses(policy: NetworkPolicy, view: NetworkView): readonly Pass[] {
  return (policy.spec?.egress ?? []).flatMap(({ to = [], ports = [] }) => {
    const remotes = remotesOf(to, policy, view);
    if (ports.length === 0) return remotes.map((remote) => ({ remote }));
    return remotes.flatMap((remote) =>
      ports.flatMap((port) => (typeof port.port === "string" ? namedPortsOf(remote, port, view.pods) : [{ remote, ports: rangeOf(port) }])),
    );
  });
}

/** A name stands for another number in each pod that the connection may go to. */
function namedPortsOf(remote: Remote, port: PolicyPort, pods: readonly NetworkPod[]): readonly Pass[] {
  return pods
    .filter(({ address }) => includes(remote, address))
    .flatMap((pod) => namedPort(port, pod).map((ports) => ({ remote: { addresses: [pod.address] }, ports })));
}

function namedPort(port: PolicyPort, pod: NetworkPod): readonly PortRange[] {
  const protocol = protocolOf(port);
  return pod.ports
    .filter((candidate) => candidate.name === port.port && candidate.protocol.toLowerCase() === protocol)
    .map((candidate) => ({ protocol, first: candidate.port, last: candidate.port }));
}

function rangeOf({ port, endPort, ...rest }: PolicyPort): PortRange {
  const protocol = protocolOf(rest);
  return typeof port === "number" ? { protocol, first: port, last: endPort ?? port } : { protocol };
}

const protocolOf = ({ protocol = "TCP" }: PolicyPort): string => protocol.toLowerCase();

/** No peers at all means everything. The pods of all peers come as one set of addresses. */
function remotesOf(peers: readonly PolicyPeer[], policy: NetworkPolicy, view: NetworkView): readonly Remote[] {
  if (peers.length === 0) return [{ any: true }];
  const blocks = peers.flatMap(({ ipBlock }) => (ipBlock === undefined ? [] : [{ cidr: ipBlock.cidr, except: ipBlock.except ?? [] }]));
  const selecting = peers.filter(({ ipBlock }) => ipBlock === undefined);
  const addresses = new Set(selecting.flatMap((peer) => podsOf(peer, policy, view).map(({ address }) => address)));
  return [...blocks, ...(addresses.size === 0 ? [] : [{ addresses: [...addresses].sort() }])];
}

/** One peer's selectors hold together: pods so chosen in namespaces so chosen; without a namespaceSelector, in the policy's own. */
function podsOf({ podSelector = {}, namespaceSelector }: PolicyPeer, policy: NetworkPolicy, view: NetworkView): readonly NetworkPod[] {
  const chosen =
    namespaceSelector === undefined
      ? [policy.metadata.namespace ?? ""]
      : view.namespaces.filter(({ metadata }) => selects(namespaceSelector, metadata.labels)).map(({ metadata }) => metadata.name);
  const namespaces = new Set(chosen);
  return view.pods.filter(({ namespace, labels }) => namespaces.has(namespace) && selects(podSelector, labels));
}

/** Whether an IPv4 address is on that other end. */
export function includes(remote: Remote, address: string): boolean {
  if ("any" in remote) return true;
  if ("addresses" in remote) return remote.addresses.includes(address);
  return blockHas(remote.cidr, address) && !remote.except.some((except) => blockHas(except, address));
}

function blockHas(cidr: string, address: string): boolean {
  const [network = "", length = ""] = cidr.split("/");
  if (network.includes(":")) return false;
  const block = new BlockList();
  block.addSubnet(network, Number(length), "ipv4");
  return block.check(address, "ipv4");
}
