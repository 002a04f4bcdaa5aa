import { DRIVER, RESERVE } from "../../kernel/storage-driver.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { storageClusterRules, storageOwnRules } from "./storage-role.ts";

/** Where the driver's pods are: a namespace of its own, since they mount file systems and `howdah-system` admits no such pods. */
export const STORAGE_NAMESPACE = "howdah-storage";
const NAME = "howdah-csi";
/** The class of ordinary volumes: room for their whole size is kept on their node. */
export const STORAGE_CLASS = "howdah";
/** The class of copies: they take room as they are written to, and find their source's node by themselves. */
export const COPIES_CLASS = "howdah-copies";

/** How the driver is installed. */
export interface StorageInstall {
  /** The operator's image: the driver is in it. */
  readonly image: string;
  /** Kubernetes' external-provisioner and external-snapshotter. */
  readonly provisioner: string;
  readonly snapshotter: string;
}

const KUBELET = "/var/lib/kubelet";
const PLUGIN = `${KUBELET}/plugins/${DRIVER}`;
const DIRECTORY = "/var/lib/howdah-csi";
const RBAC = "rbac.authorization.k8s.io";
const selector = { "app.kubernetes.io/name": NAME };
const labels = { ...selector, "app.kubernetes.io/part-of": "howdah", "app.kubernetes.io/managed-by": "howdah" };
const own = { name: NAME, namespace: STORAGE_NAMESPACE, labels };

/** The driver on every node with what it needs, in the order in which it is applied. The snapshot class comes apart: not every cluster has that kind. */
export function storageObjects(install: StorageInstall): readonly KubeObject[] {
  const account = { kind: "ServiceAccount", name: NAME, namespace: STORAGE_NAMESPACE };
  return [
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: STORAGE_NAMESPACE, labels: { ...labels, "pod-security.kubernetes.io/enforce": "privileged" } },
    },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: own, automountServiceAccountToken: false },
    { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: { name: NAME, labels }, rules: storageClusterRules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "ClusterRoleBinding",
      metadata: { name: NAME, labels },
      roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: NAME },
      subjects: [account],
    },
    { apiVersion: `${RBAC}/v1`, kind: "Role", metadata: own, rules: storageOwnRules },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: own,
      roleRef: { apiGroup: RBAC, kind: "Role", name: NAME },
      subjects: [account],
    },
    csiDriver,
    storageClass(STORAGE_CLASS, "WaitForFirstConsumer", "true"),
    // A pod that waits chooses a node by its room; a copy has no choice.
    storageClass(COPIES_CLASS, "Immediate", "false"),
    daemonSet(install),
  ];
}

/** The class of snapshots, for clusters that have the kind (snapshot.storage.k8s.io). */
export function snapshotClass(): KubeObject {
  return {
    apiVersion: "snapshot.storage.k8s.io/v1",
    kind: "VolumeSnapshotClass",
    metadata: { name: STORAGE_CLASS, labels },
    driver: DRIVER,
    deletionPolicy: "Delete",
  };
}

const csiDriver: KubeObject = {
  apiVersion: "storage.k8s.io/v1",
  kind: "CSIDriver",
  metadata: { name: DRIVER, labels },
  spec: {
    attachRequired: false,
    podInfoOnMount: false,
    fsGroupPolicy: "File",
    // The scheduler asks what each node has left.
    storageCapacity: true,
    volumeLifecycleModes: ["Persistent"],
  },
};

function storageClass(name: string, volumeBindingMode: string, reserve: string): KubeObject {
  return {
    apiVersion: "storage.k8s.io/v1",
    kind: "StorageClass",
    metadata: { name, labels },
    provisioner: DRIVER,
    parameters: { [RESERVE]: reserve },
    volumeBindingMode,
    reclaimPolicy: "Delete",
  };
}

function daemonSet({ image, provisioner, snapshotter }: StorageInstall): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: own,
    spec: {
      revisionHistoryLimit: 3,
      selector: { matchLabels: selector },
      template: {
        metadata: { labels },
        spec: {
          serviceAccountName: NAME,
          automountServiceAccountToken: true,
          enableServiceLinks: false,
          priorityClassName: "system-node-critical",
          nodeSelector: { "kubernetes.io/os": "linux" },
          containers: [driver(image), sidecar("provisioner", provisioner, PROVISIONER), sidecar("snapshotter", snapshotter, SNAPSHOTTER)],
          volumes: [
            hostPath("plugin", PLUGIN, "DirectoryOrCreate"),
            hostPath("registration", `${KUBELET}/plugins_registry`, "Directory"),
            hostPath("kubelet", KUBELET, "Directory"),
            hostPath("volumes", DIRECTORY, "DirectoryOrCreate"),
            hostPath("dev", "/dev", "Directory"),
            { name: "tmp", emptyDir: { sizeLimit: "16Mi" } },
          ],
        },
      },
    },
  };
}

/** It mounts: for pods through the kubelet's directory, and a file system in a file where the node's disk can't copy on write. Both must be seen by the node. */
function driver(image: string): object {
  return {
    name: "driver",
    image,
    imagePullPolicy: "IfNotPresent",
    command: ["/usr/bin/node", "--max-old-space-size=96", "--max-semi-space-size=4", "/usr/lib/howdah/bin/howdah-csi"],
    args: [
      "--node=$(NODE_NAME)",
      `--directory=${DIRECTORY}`,
      "--socket=/csi/csi.sock",
      "--registration=/registration",
      `--registered-socket=${PLUGIN}/csi.sock`,
    ],
    env: [NODE_NAME],
    securityContext: { privileged: true, runAsUser: 0, readOnlyRootFilesystem: true },
    resources: { requests: { cpu: "10m", memory: "64Mi" }, limits: { memory: "256Mi" } },
    volumeMounts: [
      { name: "plugin", mountPath: "/csi" },
      { name: "registration", mountPath: "/registration" },
      { name: "kubelet", mountPath: KUBELET, mountPropagation: "Bidirectional" },
      { name: "volumes", mountPath: DIRECTORY, mountPropagation: "Bidirectional" },
      { name: "dev", mountPath: "/dev" },
      { name: "tmp", mountPath: "/tmp" },
    ],
  };
}

const NODE_NAME = { name: "NODE_NAME", valueFrom: { fieldRef: { fieldPath: "spec.nodeName" } } };

/**
 * A volume can't be deleted while its pod is on its way out; the sidecars ask again after ever longer times, up to five minutes by default: what an
 * environment leaves would lie about that long.
 */
const RETRY = "--retry-interval-max=10s";

const PROVISIONER = [
  "--node-deployment",
  "--strict-topology",
  "--immediate-topology=false",
  // Who has the source of a copy wins the claim soon: the others refuse at once.
  "--node-deployment-base-delay=1s",
  "--node-deployment-max-delay=5s",
  RETRY,
  "--enable-capacity",
  "--capacity-ownerref-level=1",
  "--capacity-poll-interval=30s",
];
const SNAPSHOTTER = ["--node-deployment", RETRY];

function sidecar(name: string, image: string, args: readonly string[]): object {
  return {
    name,
    image,
    imagePullPolicy: "IfNotPresent",
    args: ["--csi-address=/csi/csi.sock", "--timeout=60s", ...args],
    env: [
      NODE_NAME,
      { name: "POD_NAME", valueFrom: { fieldRef: { fieldPath: "metadata.name" } } },
      { name: "NAMESPACE", valueFrom: { fieldRef: { fieldPath: "metadata.namespace" } } },
    ],
    // Root of nothing: the driver's socket is root's.
    securityContext: { runAsUser: 0, allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
    resources: { requests: { cpu: "5m", memory: "24Mi" }, limits: { memory: "128Mi" } },
    volumeMounts: [{ name: "plugin", mountPath: "/csi" }],
  };
}

function hostPath(name: string, path: string, type: string): object {
  return { name, hostPath: { path, type } };
}
