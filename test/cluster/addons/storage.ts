import { join } from "node:path";
import type { Addon, Workshop } from "../addon.ts";
import { untilAvailable } from "../until-available.ts";
import { BUSYBOX_IMAGE, busyboxRecipe } from "./busybox.ts";

const IMAGE = "howdah.test/local-path-provisioner:0.0.30";
const NAMESPACE = "local-path-storage";
const NAME = "local-path-provisioner";

/**
 * The default StorageClass, `local-path`: a directory of the node on which the first pod that uses the claim runs. As with disks of a machine,
 * ReadWriteOnce only, and a pod follows its volume; when the node is lost the volume is away until it comes back.
 */
export const storage: Addon = {
  name: "storage",
  about: "the default StorageClass local-path: directories of nodes, ReadWriteOnce",
  byDefault: true,
  build: async (workshop) => {
    await archives(workshop);
  },
  start: async (cluster) => {
    await cluster.load(await archives(cluster));
    await cluster.apply([...permissions(), configuration(), storageClass, deployment]);
    await untilAvailable(cluster, NAMESPACE, `deployment/${NAME}`);
  },
  stop: async () => {},
};

async function archives(workshop: Workshop): Promise<readonly string[]> {
  const program = await workshop.goProgram({
    name: NAME,
    module: join(import.meta.dirname, "../local-path"),
    package: "github.com/rancher/local-path-provisioner",
    static: true,
  });
  const provisioner = await workshop.image({ name: IMAGE, files: { [`/${NAME}`]: { from: program } }, entrypoint: [`/${NAME}`] });
  return [provisioner, await workshop.image(await busyboxRecipe())];
}

const storageClass = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "local-path", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  provisioner: "rancher.io/local-path",
  volumeBindingMode: "WaitForFirstConsumer",
  reclaimPolicy: "Delete",
};

/** The directory lies in each node's own /var/lib, which outlives the node's machine and goes with the cluster. */
function configuration(): object {
  const paths = { nodePathMap: [{ node: "DEFAULT_PATH_FOR_NON_LISTED_NODES", paths: ["/var/lib/local-path"] }] };
  const helperPod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "helper-pod" },
    spec: { containers: [{ name: "helper-pod", image: BUSYBOX_IMAGE, imagePullPolicy: "Never" }] },
  };
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "local-path-config", namespace: NAMESPACE },
    data: {
      "config.json": JSON.stringify(paths),
      setup: '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n',
      teardown: '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n',
      "helperPod.yaml": JSON.stringify(helperPod),
    },
  };
}

function permissions(): readonly object[] {
  const account = { kind: "ServiceAccount", name: NAME, namespace: NAMESPACE };
  const binding = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { name: NAME } };
  const role = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: NAME };
  const watch = ["get", "list", "watch"];
  const change = [...watch, "create", "patch", "update", "delete"];
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: NAME, namespace: NAMESPACE } },
    {
      ...binding,
      kind: "ClusterRole",
      rules: [
        { apiGroups: [""], resources: ["nodes", "persistentvolumeclaims", "configmaps", "pods/log"], verbs: watch },
        { apiGroups: [""], resources: ["pods", "persistentvolumes"], verbs: change },
        { apiGroups: [""], resources: ["events"], verbs: ["create", "patch"] },
        { apiGroups: ["storage.k8s.io"], resources: ["storageclasses"], verbs: watch },
        { apiGroups: [""], resources: ["endpoints"], verbs: change },
        { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: change },
      ],
    },
    { ...binding, kind: "ClusterRoleBinding", roleRef: role, subjects: [account] },
  ];
}

const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: NAME, namespace: NAMESPACE },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: NAME } },
    template: {
      metadata: { labels: { app: NAME } },
      spec: {
        serviceAccountName: NAME,
        priorityClassName: "system-cluster-critical",
        tolerations: ["not-ready", "unreachable"].map((state) => ({
          key: `node.kubernetes.io/${state}`,
          operator: "Exists",
          effect: "NoExecute",
          tolerationSeconds: 5,
        })),
        containers: [
          {
            name: NAME,
            image: IMAGE,
            imagePullPolicy: "Never",
            args: ["start", "--config", "/etc/config/config.json", "--helper-image", BUSYBOX_IMAGE, "--service-account-name", NAME],
            env: [
              { name: "POD_NAMESPACE", value: NAMESPACE },
              { name: "CONFIG_MOUNT_PATH", value: "/etc/config/" },
            ],
            volumeMounts: [{ name: "config", mountPath: "/etc/config/", readOnly: true }],
            resources: { requests: { cpu: "10m", memory: "20Mi" }, limits: { memory: "128Mi" } },
          },
        ],
        volumes: [{ name: "config", configMap: { name: "local-path-config" } }],
      },
    },
  },
};
