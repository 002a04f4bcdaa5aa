import type { Addon } from "../../addon.ts";
import { type Provisioner, provisionerArchives, startProvisioner } from "../local-path.ts";
import { SHARED, startGluster } from "./gluster-volume.ts";

/** A directory of the distributed file system for each claim: its pods may be on any node, and on several. */
const instance: Provisioner = { namespace: "shared-files", provisioner: "howdah.test/shared-files", paths: { shared: SHARED } };

const storageClass = {
  apiVersion: "storage.k8s.io/v1",
  kind: "StorageClass",
  metadata: { name: "howdah-rwx" },
  provisioner: instance.provisioner,
  volumeBindingMode: "Immediate",
  reclaimPolicy: "Delete",
};

/** The StorageClass `howdah-rwx`, ReadWriteMany: GlusterFS with a copy on each node, which the loss of one node leaves readable and writable. */
export const sharedFiles: Addon = {
  name: "shared-files",
  about: "the StorageClass howdah-rwx, ReadWriteMany: GlusterFS with a copy on every node",
  byDefault: true,
  build: async (workshop) => {
    await provisionerArchives(workshop);
  },
  start: async (cluster) => {
    await startGluster(cluster);
    await startProvisioner(cluster, instance, [storageClass]);
  },
  stop: async () => {
    // Servers, mounts and processes end with their nodes' machines; the copies go with the run directory.
  },
};
