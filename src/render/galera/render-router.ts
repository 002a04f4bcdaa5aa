import { LABEL_PREFIX } from "../../kernel/label.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { ClusterObject } from "../cluster/cluster-object.ts";
import { podSecurity } from "../cluster/complete-container.ts";
import { leaveLostNodes } from "../cluster/leave-lost-nodes.ts";
import { nameServerPeers } from "../cluster/network-policies.ts";
import { CONFIG_DIGEST } from "../database/database-name.ts";
import { DATABASE_PORT } from "../database/server-options.ts";
import { GALERA_PORTS } from "./galera-options.ts";
import { galeraName, galeraSelector, type GaleraServer } from "./render-galera.ts";

/** The pods before a cluster's nodes. */
export interface GaleraRouter {
  readonly server: Pick<GaleraServer, "name" | "replicas" | "nameServers">;
  /** Pinned image reference. */
  readonly image: string;
  readonly replicas: number;
  /** Connections of all sites through one pod: no more than one node takes. */
  readonly maxConnections: number;
  /** Whether the API server knows `sleep` before a pod's end (1.30 and later). */
  readonly sleeps: boolean;
  /** Whether it knows a Service that leads to the pod of the same machine first (1.34 and later). */
  readonly nearest: boolean;
  /** The cluster's own domain (`cluster.local`): HAProxy asks the name server itself and knows no search list, so names must be whole. */
  readonly clusterDomain: string;
}

/** What differs between kinds of routers. */
export interface RouterInside {
  /** Of their ConfigMap. */
  readonly data: Readonly<Record<string, string>>;
  /** Of what a pod reads at its start: a change rolls the pods. */
  readonly digest: string;
  readonly containers: readonly object[];
  /** Besides the ConfigMap's, whose name is `config`. */
  readonly volumes: readonly object[];
  /** Of the pod, besides what all have. */
  readonly security?: object;
  /** Who of Howdah's own may come in, and where. */
  readonly ingress: readonly object[];
}

/** So long a pod takes connections after its end began: nodes forget its address later than it hears of it, and there is another pod for those. */
export const FORGET_SECONDS = 10;

/** Who is connected may finish for so long after that (of HAProxy its own `hard-stop-after`); who keeps a connection longer is cut. */
export const FINISH_SECONDS = 60;

/** Name of the routers' Deployment, ConfigMap and policy; their Service has the DatabaseServer's own name, which sites know. */
export function routerName(server: string): string {
  return `${server}-router`;
}

/** What selects the routers; never changes. Each site's policy lets its pods to these (`renderAccessTo`). */
export function routerSelector(server: string): Readonly<Record<string, string>> {
  return { "app.kubernetes.io/name": "database-router", "app.kubernetes.io/instance": server };
}

/** Everything of the routers, for the namespace `howdah-system`. */
export function renderRouter(router: GaleraRouter, inside: RouterInside): readonly ClusterObject[] {
  return [configMap(router, inside), service(router), disruptionBudget(router), policy(router, inside), deployment(router, inside)];
}

/** A node's host name, which stays; whole for routers that know no search list. */
export function galeraNodeHost(server: string, node: string, clusterDomain?: string): string {
  return `${node}.${galeraName(server)}.${SYSTEM_NAMESPACE}.svc${clusterDomain === undefined ? "" : `.${clusterDomain}`}`;
}

function metadata({ server }: GaleraRouter, name = routerName(server.name)) {
  const labels = {
    ...routerSelector(server.name),
    "app.kubernetes.io/component": "database",
    "app.kubernetes.io/managed-by": "howdah",
    "app.kubernetes.io/part-of": "howdah",
    [`${LABEL_PREFIX}/database-server`]: server.name,
  };
  return { name, namespace: SYSTEM_NAMESPACE, labels };
}

function configMap(router: GaleraRouter, { data }: RouterInside): ClusterObject {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: metadata(router), data };
}

/**
 * Whoever has a router on his own machine is led to it. A machine that is lost stays in the Service until the cluster notices (40 s by default), and each
 * connection that is led to it hangs meanwhile, up to a minute, with a PHP process each: of the machines that are left none need go there.
 */
function service(router: GaleraRouter): ClusterObject {
  const ports = [{ name: "mysql", port: DATABASE_PORT, targetPort: DATABASE_PORT, protocol: "TCP" }];
  const near = router.nearest ? { trafficDistribution: "PreferSameNode" } : {};
  const spec = { type: "ClusterIP", selector: routerSelector(router.server.name), ports, ...near };
  return { apiVersion: "v1", kind: "Service", metadata: metadata(router, router.server.name), spec };
}

/** One of them at a time: the others serve on. */
function disruptionBudget(router: GaleraRouter): ClusterObject {
  const spec = { maxUnavailable: 1, selector: { matchLabels: routerSelector(router.server.name) } };
  return { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: metadata(router), spec };
}

/**
 * In to what its kind says; to SQL nobody: each site has a policy that lets it in, and the operator one. Out they go to the nodes, and to
 * the name server.
 */
function policy(router: GaleraRouter, inside: RouterInside): ClusterObject {
  const tcp = (...ports: readonly number[]): object[] => ports.map((port) => ({ protocol: "TCP", port }));
  const nodes = { podSelector: { matchLabels: galeraSelector(router.server.name) } };
  const spec = {
    podSelector: { matchLabels: routerSelector(router.server.name) },
    policyTypes: ["Ingress", "Egress"],
    ingress: inside.ingress,
    egress: [
      { to: [nodes], ports: tcp(GALERA_PORTS.sql, GALERA_PORTS.check) },
      { to: nameServerPeers(router.server.nameServers), ports: [{ protocol: "UDP", port: 53 }, ...tcp(53)] },
    ],
  };
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: metadata(router), spec };
}

function deployment(router: GaleraRouter, inside: RouterInside): ClusterObject {
  const { labels } = metadata(router);
  const spec = {
    replicas: router.replicas,
    selector: { matchLabels: routerSelector(router.server.name) },
    strategy: { type: "RollingUpdate", rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    template: { metadata: { labels, annotations: { [CONFIG_DIGEST]: inside.digest } }, spec: podSpec(router, inside) },
  };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: metadata(router), spec };
}

function podSpec(router: GaleraRouter, inside: RouterInside): object {
  const apart = { labelSelector: { matchLabels: routerSelector(router.server.name) }, topologyKey: "kubernetes.io/hostname" };
  return {
    containers: inside.containers,
    volumes: [{ name: "config", configMap: { name: routerName(router.server.name) } }, ...inside.volumes],
    affinity: { podAntiAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm: apart }] } },
    tolerations: leaveLostNodes(),
    terminationGracePeriodSeconds: FORGET_SECONDS + FINISH_SECONDS + 5,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: { ...podSecurity, ...inside.security },
  };
}
