import { CONNECTS_ANNOTATION, ENVIRONMENT_OF_ANNOTATION, LABEL_PREFIX } from "../../kernel/label.ts";
import type { Deployment } from "../objects.ts";
import { STATUS_PORT, WEB_PORT, WEB_TLS_PORT } from "../site/render-containers.ts";
import type { ClusterObject } from "./cluster-object.ts";
import type { ClusterSettings } from "./cluster-settings.ts";
import { companion } from "./companion.ts";
import { isWithin, parseAddress } from "./ip-network.ts";

const POLICY = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" } as const;
const LABELS = { "app.kubernetes.io/managed-by": "howdah", "app.kubernetes.io/part-of": "howdah" };

/** Networks that are not the internet: private ones, and the provider's (100.64/10). */
const PRIVATE_V4 = ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16"];
const PRIVATE_V6 = ["fc00::/7"];
/** The node's own, where clouds' metadata servers are, which give away its credentials: no site gets there, whatever its file says. */
const NODES_V4 = ["127.0.0.0/8", "169.254.0.0/16"];
const NODES_V6 = ["::1/128", "fe80::/10"];
const AZURE = "168.63.129.16/32";
/** Metadata servers elsewhere: Alibaba's, AWS' and Google's by IPv6, Azure's wire server. */
const METADATA = ["100.100.100.200/32", "fd00:ec2::254/128", "fd20:ce::254/128", AZURE];

/** A network without the metadata servers in it. */
function withoutMetadata(cidr: string): { readonly cidr: string; readonly except?: readonly string[] } {
  const except = METADATA.filter((one) => isWithin(parseAddress(one.split("/")[0] ?? "") ?? 0n, cidr));
  return except.length === 0 ? { cidr } : { cidr, except };
}

const inNamespace = (name: string): object => ({ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } });

/** Where pods ask for names: the cluster's own server, and those that somebody named (a cache on each node has an address of its own). */
export function nameServerPeers(nameServers: readonly string[]): readonly object[] {
  const cluster = { ...inNamespace("kube-system"), podSelector: { matchLabels: { "k8s-app": "kube-dns" } } };
  return [cluster, ...nameServers.map((address) => ({ ipBlock: { cidr: hostNetwork(address) } }))];
}

/**
 * What holds for every pod of an environment's namespace: nothing comes in, nothing goes out but questions for names. A site then adds
 * what it needs (`sitePolicies`). A cluster without a network plugin that enforces policies stores them and lets everything through.
 */
export function namespacePolicies({ namespace, network }: ClusterSettings): readonly ClusterObject[] {
  const ports = [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
  ];
  return [
    {
      ...POLICY,
      metadata: { name: "default-deny", namespace, labels: LABELS },
      // Said though they are empty: the lists are ours then, and a rule that somebody writes into them is taken out again.
      spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"], ingress: [], egress: [] },
    },
    {
      ...POLICY,
      metadata: { name: "allow-dns", namespace, labels: LABELS },
      spec: { podSelector: {}, policyTypes: ["Egress"], egress: [{ to: nameServerPeers(network.nameServers), ports }] },
    },
  ];
}

/**
 * What a site's pods need beyond that. With the Deployment of its web server come who reaches nginx, and whom all pods of the site reach, whatever they run
 * (PHP, crons, migrations). PHP apart and workers have the same way out as well: they are there before nginx is, and wait for their database. PHP's port 9000
 * has its own policy, which renderSite makes.
 */
export function sitePolicies(deployment: Deployment, settings: ClusterSettings): readonly ClusterObject[] {
  const { spec, metadata } = deployment;
  const connects = (metadata.annotations?.[CONNECTS_ANNOTATION] ?? "").split(" ").filter((target) => target !== "");
  // Of an environment nothing leaves its namespace but what `no-way-out` lets through: policies only ever add ways.
  const isCopy = metadata.annotations?.[ENVIRONMENT_OF_ANNOTATION] !== undefined;
  const egress = isCopy ? [{ to: [{ podSelector: {} }] }] : [...egressRules(settings), ...connects.flatMap(rulesFor)];
  const out = (name: string, podSelector: object): ClusterObject =>
    companion(deployment, POLICY, { name, spec: { podSelector, policyTypes: ["Egress"], egress } });
  if (!spec.template.spec.containers.some((container) => container.name === "web"))
    return [...figuresPolicy(deployment, settings), out(`${metadata.name}-out`, spec.selector)];
  return [webPolicy(deployment, settings), out("site-out", { matchLabels: siteSelector(spec.selector.matchLabels) })];
}

/** Every component of the site: its selector without the component. */
function siteSelector(selector: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(selector).filter(([label]) => label.startsWith(`${LABEL_PREFIX}/`)));
}

/** PHP that is apart shows its figures to whoever counts, and nobody else. */
function figuresPolicy(deployment: Deployment, settings: ClusterSettings): readonly ClusterObject[] {
  const ingress = hasPort(deployment, STATUS_PORT) ? readers(settings) : [];
  if (ingress.length === 0) return [];
  const spec = { podSelector: deployment.spec.selector, policyTypes: ["Ingress"], ingress };
  return [companion(deployment, POLICY, { name: `${deployment.metadata.name}-figures`, spec })];
}

function readers({ network }: ClusterSettings): readonly object[] {
  const ports = [{ protocol: "TCP", port: STATUS_PORT }];
  return network.monitoring.length === 0 ? [] : [{ from: network.monitoring.map(inNamespace), ports }];
}

function hasPort({ spec }: Deployment, port: number): boolean {
  return spec.template.spec.containers.some(({ ports }) => ports.some(({ containerPort }) => containerPort === port));
}

/** Web servers answer the way in, and whoever checks them, on the ports of sites only; figures and health have another. */
function webPolicy(deployment: Deployment, settings: ClusterSettings): ClusterObject {
  const { network } = settings;
  const ports = [WEB_PORT, WEB_TLS_PORT].filter((port) => hasPort(deployment, port)).map((port) => ({ protocol: "TCP", port }));
  // The site's own pods too: crons and workers may ask it for a page.
  const from = network.from.length === 0 ? [] : [...network.from.map(inNamespace), { podSelector: {} }];
  return companion(deployment, POLICY, {
    name: `${deployment.metadata.name}-in`,
    spec: {
      podSelector: deployment.spec.selector,
      policyTypes: ["Ingress"],
      ingress: [{ ...(from.length === 0 ? {} : { from }), ports }, ...readers(settings)],
    },
  });
}

/** The own namespace, the internet, and the private networks that the cluster's settings name. Policies know addresses only, no names. */
function egressRules({ network }: ClusterSettings): readonly object[] {
  return [
    { to: [{ podSelector: {} }] },
    {
      to: [
        { ipBlock: { cidr: "0.0.0.0/0", except: [...PRIVATE_V4, ...NODES_V4, AZURE] } },
        { ipBlock: { cidr: "::/0", except: [...PRIVATE_V6, ...NODES_V6] } },
        ...network.privateNetworks.map((cidr) => ({ ipBlock: { cidr } })),
      ],
    },
  ];
}

/**
 * Lets pods connect to a server that the site names (`ldap.example.org:389`): an address as it is, a Service by its namespace, and any other
 * name by its port alone in private networks, since a policy can't say names. Nothing leads to the node and to metadata servers.
 */
export function rulesFor(target: string): readonly object[] {
  const at = target.lastIndexOf(":");
  const host = target.slice(0, at);
  const ports = [{ protocol: "TCP", port: Number(target.slice(at + 1)) }];
  const address = parseAddress(host);
  if (address !== undefined) {
    const closed = [...NODES_V4, ...NODES_V6, ...METADATA].some((network) => isWithin(address, network));
    return closed ? [] : [{ to: [{ ipBlock: { cidr: hostNetwork(host) } }], ports }];
  }
  const [, namespace] = SERVICE_NAME.exec(host) ?? [];
  if (namespace !== undefined) return [{ to: [inNamespace(namespace)], ports }];
  return [{ to: [...PRIVATE_V4, ...PRIVATE_V6].map((cidr) => ({ ipBlock: withoutMetadata(cidr) })), ports }];
}

const SERVICE_NAME = /^[a-z0-9-]+\.([a-z0-9-]+)\.svc(?:\.|$)/;

/** True of a server that a policy can say: an address, or a Service of this cluster. */
export function hasPlace(target: string): boolean {
  const host = target.slice(0, target.lastIndexOf(":"));
  return parseAddress(host) !== undefined || SERVICE_NAME.test(host);
}

function hostNetwork(address: string): string {
  return `${address}/${address.includes(":") ? "128" : "32"}`;
}
