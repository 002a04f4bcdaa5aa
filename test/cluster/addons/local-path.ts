import { join } from "node:path";
import type { Cluster, Workshop } from "../addon.ts";
import { untilAvailable } from "../until-available.ts";
import { BUSYBOX_IMAGE, busyboxRecipe } from "./busybox.ts";

const IMAGE = "howdah.test/local-path-provisioner:0.0.30";
/** Its container, its binary, and the roles of its instances. */
const NAME = "local-path-provisioner";

/** One running local-path-provisioner: it makes a directory for each claim of its classes. */
export interface Provisioner {
  /** Where it runs; each instance has a namespace of its own. */
  readonly namespace: string;
  /** What StorageClasses name in `provisioner`. */
  readonly provisioner: string;
  /** Directories of each node's own, or one that is the same on all nodes: a distributed file system. */
  readonly paths: { readonly eachNode: string } | { readonly shared: string };
}

/** Builds the provisioner and its helper; answers their archives in the cache. */
export async function provisionerArchives(workshop: Workshop): Promise<readonly string[]> {
  const program = await workshop.goProgram({
    name: NAME,
    module: join(import.meta.dirname, "../local-path"),
    package: "github.com/rancher/local-path-provisioner",
    static: true,
  });
  const provisioner = await workshop.image({ name: IMAGE, files: { [`/${NAME}`]: { from: program } }, entrypoint: [`/${NAME}`] });
  return [provisioner, await workshop.image(await busyboxRecipe())];
}

/** Brings an instance up with its StorageClasses and waits until it serves. */
export async function startProvisioner(cluster: Cluster, instance: Provisioner, classes: readonly object[]): Promise<void> {
  await cluster.load(await provisionerArchives(cluster));
  await cluster.apply([...permissions(instance), configuration(instance), ...classes, deployment(instance)]);
  await untilAvailable(cluster, instance.namespace, `deployment/${NAME}`);
}

/** The helper tolerates every taint, and on a node that is only played (kwok) it would never make a directory. */
const realNodes = {
  nodeAffinity: {
    requiredDuringSchedulingIgnoredDuringExecution: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: "type", operator: "NotIn", values: ["kwok"] }] }],
    },
  },
};

function configuration({ namespace, paths }: Provisioner): object {
  const where =
    "shared" in paths
      ? { sharedFileSystemPath: paths.shared }
      : { nodePathMap: [{ node: "DEFAULT_PATH_FOR_NON_LISTED_NODES", paths: [paths.eachNode] }] };
  const helperPod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "helper-pod" },
    spec: { affinity: realNodes, containers: [{ name: "helper-pod", image: BUSYBOX_IMAGE, imagePullPolicy: "Never" }] },
  };
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: "local-path-config", namespace },
    data: {
      "config.json": JSON.stringify(where),
      setup: '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n',
      teardown: '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n',
      "helperPod.yaml": JSON.stringify(helperPod),
    },
  };
}

function permissions({ namespace }: Provisioner): readonly object[] {
  const account = { kind: "ServiceAccount", name: NAME, namespace };
  const binding = { apiVersion: "rbac.authorization.k8s.io/v1", metadata: { name: namespace } };
  const role = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: namespace };
  const watch = ["get", "list", "watch"];
  const change = [...watch, "create", "patch", "update", "delete"];
  return [
    { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: NAME, namespace } },
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

const deployment = ({ namespace, provisioner }: Provisioner): object => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: NAME, namespace },
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
            args: [
              "start",
              "--config",
              "/etc/config/config.json",
              "--helper-image",
              BUSYBOX_IMAGE,
              "--service-account-name",
              NAME,
              "--provisioner-name",
              provisioner,
            ],
            env: [
              { name: "POD_NAMESPACE", value: namespace },
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
});
