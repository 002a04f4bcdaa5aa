import type { Addon } from "../addon.ts";
import { type Provisioner, provisionerArchives, startProvisioner } from "./local-path.ts";

/** Directories lie in each node's own /var/lib, which outlives the node's machine and goes with the cluster. */
const instance: Provisioner = {
  namespace: "local-path-storage",
  provisioner: "rancher.io/local-path",
  paths: { eachNode: "/var/lib/local-path" },
};

/**
 * The default StorageClass, `local-path`: a directory of the node on which the first pod that uses the claim runs. As with disks of a machine,
 * ReadWriteOnce only, and a pod follows its volume; when the node is lost the volume is away until it comes back.
 */
export const storage: Addon = {
  name: "storage",
  about: "the default StorageClass local-path: directories of nodes, ReadWriteOnce",
  byDefault: true,
  build: async (workshop) => {
    await provisionerArchives(workshop);
  },
  start: async (cluster) => {
    await startProvisioner(cluster, instance, [storageClass]);
  },
  stop: async () => {},
};

const storageClass = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "local-path", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } },
  provisioner: instance.provisioner,
  volumeBindingMode: "WaitForFirstConsumer",
  reclaimPolicy: "Delete",
};
