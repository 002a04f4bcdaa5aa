import { GALERA_NODE_PROGRAM } from "../../catalog/galera-image.ts";
import { LABEL_PREFIX, RUN_AS } from "../../kernel/label.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { ClusterObject } from "../cluster/cluster-object.ts";
import { podSecurity } from "../cluster/complete-container.ts";
import { nameServerPeers } from "../cluster/network-policies.ts";
import { CONFIG_DIGEST, DATABASE_CONTAINER } from "../database/database-name.ts";
import { printOptionFile } from "../database/option-file.ts";
import { DATABASE_PATHS } from "../database/server-options.ts";
import { digestOf } from "../rendered.ts";
import { SEALED } from "../sealed.ts";
import { GALERA_PORTS, galeraOptions } from "./galera-options.ts";

/** What the nodes of a cluster are rendered from. */
export interface GaleraServer {
  /** Of the DatabaseServer. */
  readonly name: string;
  readonly version: string;
  /** Pinned image reference. */
  readonly image: string;
  readonly replicas: number;
  readonly memoryBytes: number;
  readonly storage: string;
  /** Addresses of name servers that are not kube-system's, such as a cache on each node. */
  readonly nameServers: readonly string[];
  /** Digest of the administrator's Secret: a change rolls the pods. */
  readonly secretDigest?: string;
}

/** The nodes' names, as pods, and as Galera knows them. */
export function galeraNodeNames({ name, replicas }: Pick<GaleraServer, "name" | "replicas">): readonly string[] {
  return Array.from({ length: replicas }, (_, index) => `${galeraName(name)}-${String(index)}`);
}

/** Name of the nodes' StatefulSet, Secret, ConfigMap and headless Service; the DatabaseServer's own name is the routers' Service. */
export function galeraName(server: string): string {
  return `${server}-node`;
}

/** What selects the nodes; never changes. */
export function galeraSelector(server: string): Readonly<Record<string, string>> {
  return { "app.kubernetes.io/name": "galera", "app.kubernetes.io/instance": server };
}

const LOCAL = "kubernetes.io/hostname";
/** A node's end: routers forget it, statements end, InnoDB writes its pages. */
const GRACE_SECONDS = 180;

/** Everything of a cluster's nodes but their Secret, for the namespace `howdah-system`. */
export function renderGalera(server: GaleraServer): readonly ClusterObject[] {
  const configuration = configMap(server);
  return [configuration, headlessService(server), disruptionBudget(server), policy(server), statefulSet(server, configuration)];
}

function metadata({ name, version }: GaleraServer): ClusterObject["metadata"] & { readonly labels: Readonly<Record<string, string>> } {
  const labels = {
    ...galeraSelector(name),
    "app.kubernetes.io/version": version,
    "app.kubernetes.io/component": "database",
    "app.kubernetes.io/managed-by": "howdah",
    "app.kubernetes.io/part-of": "howdah",
    [`${LABEL_PREFIX}/database-server`]: name,
  };
  return { name: galeraName(name), namespace: SYSTEM_NAMESPACE, labels };
}

function configMap(server: GaleraServer): ClusterObject {
  const data = { "my.cnf": printOptionFile(galeraOptions(server.name, server.memoryBytes)) };
  return { apiVersion: "v1", kind: "ConfigMap", metadata: metadata(server), data };
}

/** A name for each node, found before the node is ready: nodes look for one another while none serves. */
function headlessService(server: GaleraServer): ClusterObject {
  const ports = Object.entries(GALERA_PORTS).map(([name, port]) => ({ name, port, targetPort: port, protocol: "TCP" }));
  const spec = { clusterIP: "None", publishNotReadyAddresses: true, selector: galeraSelector(server.name), ports };
  return { apiVersion: "v1", kind: "Service", metadata: metadata(server), spec };
}

/** Of three nodes one may be away: with two away nobody has a majority. */
function disruptionBudget(server: GaleraServer): ClusterObject {
  const spec = { maxUnavailable: 1, selector: { matchLabels: galeraSelector(server.name) } };
  return { apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: metadata(server), spec };
}

/**
 * SQL and the check for Howdah's own pods (routers, the operator); what nodes say to each other for nodes alone, as it asks for no password:
 * whoever reaches those ports has all data. Out they go only to each other, and to the name server.
 */
function policy(server: GaleraServer): ClusterObject {
  const nodes = { podSelector: { matchLabels: galeraSelector(server.name) } };
  const tcp = (...ports: readonly number[]): object[] => ports.map((port) => ({ protocol: "TCP", port }));
  const all = tcp(...Object.values(GALERA_PORTS));
  const spec = {
    podSelector: { matchLabels: galeraSelector(server.name) },
    policyTypes: ["Ingress", "Egress"],
    ingress: [
      { from: [nodes], ports: all },
      { from: [{ podSelector: {} }], ports: tcp(GALERA_PORTS.sql, GALERA_PORTS.check) },
    ],
    egress: [
      { to: [nodes], ports: all },
      {
        to: nameServerPeers(server.nameServers),
        ports: [
          { protocol: "UDP", port: 53 },
          { protocol: "TCP", port: 53 },
        ],
      },
    ],
  };
  return { apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", metadata: metadata(server), spec };
}

/**
 * Parallel: after the loss of all, every node must say how far its data came before one may begin; one after another, the first would wait for
 * ever for the others. New versions still come one by one, each when the one before is ready, the highest number first.
 */
function statefulSet(server: GaleraServer, configuration: ClusterObject): ClusterObject {
  const { name, labels } = metadata(server);
  const annotations = { [CONFIG_DIGEST]: digestOf([configuration["data"], server.secretDigest ?? ""]) };
  const claim = {
    metadata: { name: "data", labels: galeraSelector(server.name) },
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: server.storage } } },
  };
  const spec = {
    replicas: server.replicas,
    serviceName: name,
    podManagementPolicy: "Parallel",
    updateStrategy: { type: "RollingUpdate" },
    persistentVolumeClaimRetentionPolicy: { whenDeleted: "Retain", whenScaled: "Retain" },
    selector: { matchLabels: galeraSelector(server.name) },
    template: { metadata: { labels, annotations }, spec: podSpec(server) },
    volumeClaimTemplates: [claim],
  };
  return { apiVersion: "apps/v1", kind: "StatefulSet", metadata: metadata(server), spec };
}

function podSpec(server: GaleraServer): object {
  const name = galeraName(server.name);
  const apart = { labelSelector: { matchLabels: galeraSelector(server.name) }, topologyKey: LOCAL };
  return {
    containers: [container(server)],
    volumes: [
      { name: "config", configMap: { name } },
      { name: "admin", secret: { secretName: name } },
      { name: "run", emptyDir: { medium: "Memory", sizeLimit: "16Mi" } },
      { name: "tmp", emptyDir: { sizeLimit: "4Gi" } },
    ],
    affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [apart] } },
    terminationGracePeriodSeconds: GRACE_SECONDS,
    restartPolicy: "Always",
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: { ...podSecurity, fsGroup: RUN_AS, fsGroupChangePolicy: "OnRootMismatch" },
  };
}

/** No start-up and no liveness probe: a node may copy data for hours, or wait for the others, and killing one that is slow mends nothing. */
function container(server: GaleraServer): object {
  const { name } = metadata(server);
  const peers = galeraNodeNames(server).map((node) => `${node}.${name}.${SYSTEM_NAMESPACE}.svc`);
  return {
    name: DATABASE_CONTAINER,
    image: server.image,
    imagePullPolicy: "IfNotPresent",
    command: [DATABASE_PATHS.entrypoint],
    env: [
      { name: "HOWDAH_NODE", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "metadata.name" } } },
      { name: "HOWDAH_NODE_ADDRESS", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath: "status.podIP" } } },
      { name: "HOWDAH_PEERS", value: peers.join(",") },
      { name: "HOWDAH_STATE_TRANSFER", value: "mariabackup" },
    ],
    ports: Object.entries(GALERA_PORTS).map(([port, containerPort]) => ({ name: port, containerPort, protocol: "TCP" })),
    volumeMounts: [
      { name: "data", mountPath: DATABASE_PATHS.volume },
      { name: "config", mountPath: DATABASE_PATHS.config, readOnly: true },
      { name: "admin", mountPath: DATABASE_PATHS.secrets, readOnly: true },
      { name: "run", mountPath: DATABASE_PATHS.run },
      { name: "tmp", mountPath: DATABASE_PATHS.temporary },
    ],
    resources: {
      limits: { memory: String(server.memoryBytes) },
      requests: { cpu: "250m", memory: String(server.memoryBytes) },
    },
    securityContext: { ...SEALED, runAsNonRoot: true },
    readinessProbe: { exec: { command: [GALERA_NODE_PROGRAM, "ready"] }, periodSeconds: 5, timeoutSeconds: 5, failureThreshold: 2 },
  };
}
