import { CONNECTS_ANNOTATION, LABEL_PREFIX } from "../../kernel/label.ts";
import type { Deployment } from "../objects.ts";
import { STATUS_PORT, WEB_PORT, WEB_TLS_PORT } from "../site/render-containers.ts";
import type { ClusterObject } from "./cluster-object.ts";
import type { ClusterSettings } from "./cluster-settings.ts";
import { companion } from "./companion.ts";

const POLICY = { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy" } as const;
const LABELS = { "app.kubernetes.io/managed-by": "howdah", "app.kubernetes.io/part-of": "howdah" };

/** Networks that are not the internet: private ones, the provider's (100.64/10), link-local with the clouds' metadata server, loopback. */
const PRIVATE_V4 = ["10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16"];
const PRIVATE_V6 = ["::1/128", "fc00::/7", "fe80::/10"];

const inNamespace = (name: string): object => ({ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": name } } });

/**
 * What holds for every pod of an environment's namespace: nothing comes in, nothing goes out but questions for names. A site then adds
 * what it needs (`sitePolicies`). A cluster without a network plugin that enforces policies stores them and lets everything through.
 */
export function namespacePolicies({ namespace, network }: ClusterSettings): readonly ClusterObject[] {
  const ports = [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
  ];
  const cluster = { ...inNamespace("kube-system"), podSelector: { matchLabels: { "k8s-app": "kube-dns" } } };
  const servers = network.nameServers.map((address) => ({ ipBlock: { cidr: hostNetwork(address) } }));
  return [
    {
      ...POLICY,
      metadata: { name: "default-deny", namespace, labels: LABELS },
      spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
    },
    {
      ...POLICY,
      metadata: { name: "allow-dns", namespace, labels: LABELS },
      spec: { podSelector: {}, policyTypes: ["Egress"], egress: [{ to: [cluster, ...servers], ports }] },
    },
  ];
}

/**
 * What a site's pods need beyond that, which comes with the Deployment of its web server: who reaches nginx, and whom all pods of the site
 * reach, whatever they run (PHP, workers, crons, migrations). PHP's port 9000 has its own policy, which renderSite makes.
 */
export function sitePolicies(deployment: Deployment, settings: ClusterSettings): readonly ClusterObject[] {
  const { spec, metadata } = deployment;
  if (!spec.template.spec.containers.some((container) => container.name === "web")) return [];
  const connects = (metadata.annotations?.[CONNECTS_ANNOTATION] ?? "").split(" ").filter((target) => target !== "");
  const egress = companion(deployment, POLICY, {
    name: "site-out",
    spec: {
      podSelector: { matchLabels: siteSelector(spec.selector.matchLabels) },
      policyTypes: ["Egress"],
      egress: [...egressRules(settings), ...connects.map(ruleFor)],
    },
  });
  return [webPolicy(deployment, settings), egress];
}

/** Every component of the site: its selector without the component. */
function siteSelector(selector: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(selector).filter(([label]) => label.startsWith(`${LABEL_PREFIX}/`)));
}

/** Web servers answer the way in, and whoever checks them, on the ports of sites only; figures and health have another. */
function webPolicy(deployment: Deployment, { network }: ClusterSettings): ClusterObject {
  const has = (port: number): boolean =>
    deployment.spec.template.spec.containers.some(({ ports }) => ports.some(({ containerPort }) => containerPort === port));
  const ports = [WEB_PORT, WEB_TLS_PORT].filter(has).map((port) => ({ protocol: "TCP", port }));
  // The site's own pods too: crons and workers may ask it for a page.
  const from = network.from.length === 0 ? [] : [...network.from.map(inNamespace), { podSelector: {} }];
  const status = [{ protocol: "TCP", port: STATUS_PORT }];
  const readers = network.monitoring.length === 0 ? [] : [{ from: network.monitoring.map(inNamespace), ports: status }];
  return companion(deployment, POLICY, {
    name: `${deployment.metadata.name}-in`,
    spec: {
      podSelector: deployment.spec.selector,
      policyTypes: ["Ingress"],
      ingress: [{ ...(from.length === 0 ? {} : { from }), ports }, ...readers],
    },
  });
}

/** The own namespace, the internet, and the private networks that the cluster's settings name. Policies know addresses only, no names. */
function egressRules({ network }: ClusterSettings): readonly object[] {
  return [
    { to: [{ podSelector: {} }] },
    {
      to: [
        { ipBlock: { cidr: "0.0.0.0/0", except: PRIVATE_V4 } },
        { ipBlock: { cidr: "::/0", except: PRIVATE_V6 } },
        ...network.privateNetworks.map((cidr) => ({ ipBlock: { cidr } })),
      ],
    },
  ];
}

/**
 * Lets pods connect to a server that the site names (`ldap.example.org:389`): an address as it is, a Service by its namespace, and any other
 * name by its port alone in private networks, since a policy can't say names.
 */
function ruleFor(target: string): object {
  const at = target.lastIndexOf(":");
  const host = target.slice(0, at);
  const ports = [{ protocol: "TCP", port: Number(target.slice(at + 1)) }];
  if (isAddress(host)) return { to: [{ ipBlock: { cidr: hostNetwork(host) } }], ports };
  const [, namespace] = /^[a-z0-9-]+\.([a-z0-9-]+)\.svc(?:\.|$)/.exec(host) ?? [];
  if (namespace !== undefined) return { to: [inNamespace(namespace)], ports };
  return { to: [...PRIVATE_V4, ...PRIVATE_V6].map((cidr) => ({ ipBlock: { cidr } })), ports };
}

function isAddress(host: string): boolean {
  return host.includes(":") || /^(\d{1,3}\.){3}\d{1,3}$/.test(host);
}

function hostNetwork(address: string): string {
  return `${address}/${address.includes(":") ? "128" : "32"}`;
}
