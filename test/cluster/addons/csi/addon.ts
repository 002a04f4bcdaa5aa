import { join } from "node:path";
import {
  COPIES_CLASS,
  snapshotClass,
  STORAGE_CLASS,
  STORAGE_NAMESPACE,
  storageObjects,
} from "../../../../src/resources/install/storage-objects.ts";
import type { Addon, Cluster, Workshop } from "../../addon.ts";
import { type CsiProgram, csiProgram } from "../../csi/csi-program.ts";
import { untilAvailable } from "../../until-available.ts";
import { moduleDirectory } from "../go-module.ts";
import { driverImage } from "./driver-image.ts";
import { snapshotController } from "./snapshot-controller.ts";

const MODULE = join(import.meta.dirname, "../../csi");
const DRIVER_IMAGE = "howdah.test/csi:1";
const imageOf = (program: CsiProgram): string => `howdah.test/${program}:1`;
/** The same that a DaemonSet of the product runs, and the controller that every cluster has once. */
const sidecars = ["csi-provisioner", "csi-snapshotter", "snapshot-controller"] as const;
/** Kinds that come with the sidecars. */
const kinds = ["volumesnapshotclasses", "volumesnapshotcontents", "volumesnapshots"].map((kind) => `${kind}.snapshot.storage.k8s.io`);

/**
 * Howdah's own storage driver on every node, with Kubernetes' standard sidecars: the classes `howdah` and `howdah-copies`, and snapshots. Each node keeps
 * its volumes in a file with btrfs in its own /var/lib.
 */
export const csi: Addon = {
  name: "csi",
  about: `the StorageClasses ${STORAGE_CLASS} and ${COPIES_CLASS} with snapshots: Howdah's own CSI driver and the standard sidecars`,
  byDefault: true,
  build: async (workshop) => {
    await archives(workshop);
    await definitions(workshop);
  },
  start: async (cluster) => {
    await cluster.load(await archives(cluster));
    await applySnapshotDefinitions(cluster);
    await cluster.apply([...snapshotController(imageOf("snapshot-controller")), ...driverObjects(), snapshotClass()]);
    await untilAvailable(cluster, STORAGE_NAMESPACE, "daemonset/howdah-csi");
    await untilAvailable(cluster, "kube-system", "deployment/snapshot-controller");
  },
  stop: async () => {
    // Pods and mounts end with their nodes' machines; the files go with the run directory.
  },
};

/** As it is installed anywhere. */
function driverObjects(): readonly object[] {
  return storageObjects({ image: DRIVER_IMAGE, provisioner: imageOf("csi-provisioner"), snapshotter: imageOf("csi-snapshotter") });
}

async function archives(workshop: Workshop): Promise<readonly string[]> {
  const composed = [await driverImage(workshop, DRIVER_IMAGE)];
  for (const name of sidecars) {
    const program = await csiProgram(name, workshop.settings.cache, workshop.say);
    composed.push(await workshop.image({ name: imageOf(name), files: { [`/${name}`]: { from: program } }, entrypoint: [`/${name}`] }));
  }
  return composed;
}

/** Of the version that the sidecars are built with. */
async function definitions(workshop: Workshop): Promise<readonly string[]> {
  const directory = await moduleDirectory(workshop, MODULE, "github.com/kubernetes-csi/external-snapshotter/client/v8");
  return kinds.map((kind) => {
    const [plural = "", ...group] = kind.split(".");
    return join(directory, "config/crd", `${group.join(".")}_${plural}.yaml`);
  });
}

async function applySnapshotDefinitions(cluster: Cluster): Promise<void> {
  const files = (await definitions(cluster)).map((file) => `--filename=${file}`);
  await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "--field-manager=howdah-test-cluster", ...files]);
  await cluster.kubectl(["wait", "--for=condition=Established", "--timeout=60s", ...kinds.map((kind) => `crd/${kind}`)]);
}
