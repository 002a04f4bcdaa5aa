import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Volume } from "../objects.ts";
import type { ClusterSettings } from "./cluster-settings.ts";
import { bytesOfQuantity } from "./quantity.ts";

type Storage = ClusterSettings["storage"];

/** Labels of volumes that the cluster makes and deletes with a pod. */
const EPHEMERAL_LABELS = { "app.kubernetes.io/managed-by": "howdah" };

/**
 * The volumes of a pod that a cluster has too. Compiled code is kept by a machine's agent: no cluster has that driver, and the entrypoint does
 * without. It costs a pod's first page about 1.0 s instead of 0.3 (runtime.md 2). Code that changes under running pods is for one machine.
 * Error: `cluster/rejected` for it.
 */
export function clusterVolumes(volumes: readonly Volume[]): readonly Volume[] {
  return volumes.filter((volume) => {
    if ("hostPath" in volume) {
      throw new HowdahError("cluster/rejected", `The volume ${volume.name} is a directory of one machine`, {
        hint: "`deploy --watch` works on one machine. On a cluster `howdah deploy` makes a release.",
      });
    }
    return !("csi" in volume);
  });
}

/** The size of a directory on the node's own disk, in its own notation; undefined for any other volume. */
function diskSize(volume: Volume): string | undefined {
  return "emptyDir" in volume && !("medium" in volume.emptyDir) ? volume.emptyDir.sizeLimit : undefined;
}

/** What a local mount becomes where the cluster names a class for them: gone with its pod like an emptyDir. /tmp stays on the node. */
function claimed(volume: Volume, { local }: Storage): { readonly size: string; readonly storageClass: string } | undefined {
  const size = volume.name === "tmp" ? undefined : diskSize(volume);
  return size === undefined || local === null ? undefined : { size, storageClass: local };
}

/** A volume in the cluster's terms. */
export function completeVolume(volume: Volume, storage: Storage): object {
  const claim = claimed(volume, storage);
  if (claim === undefined) return volume;
  const spec = {
    accessModes: ["ReadWriteOnce"],
    storageClassName: claim.storageClass,
    resources: { requests: { storage: claim.size } },
  };
  return { name: volume.name, ephemeral: { volumeClaimTemplate: { metadata: { labels: EPHEMERAL_LABELS }, spec } } };
}

/** Bytes that a volume may take of its node's disk. */
export function nodeDiskBytes(volume: Volume, storage: Storage): number {
  const size = claimed(volume, storage) === undefined ? diskSize(volume) : undefined;
  return size === undefined ? 0 : bytesOfQuantity(size);
}

/** A volume that may be new when a pod mounts it: then it belongs to root. */
export function isClaimed(volume: Volume, storage: Storage): boolean {
  return "persistentVolumeClaim" in volume || claimed(volume, storage) !== undefined;
}
