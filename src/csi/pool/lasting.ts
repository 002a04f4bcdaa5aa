import { dirname } from "node:path";
import { syncDirectory } from "../../host/sync-directory.ts";
import type { DatasetStorage } from "../../providers/dataset-storage/dataset-storage.ts";
import { run } from "../../providers/process.ts";

/**
 * Brings a new volume to the disk before anybody is told of it: a power cut may not take what a PersistentVolume names. The storage leaves clones to
 * the kernel, since an environment can be made again. A subvolume is on the disk when its ioctl returns, and lacks its name only.
 */
export async function lasting(storage: Pick<DatasetStorage, "driver">, directory: string): Promise<void> {
  if (storage.driver !== "btrfs") await run(["sync", "--file-system", "--", directory]);
  const place = dirname(directory);
  await syncDirectory(place);
  await syncDirectory(dirname(place));
}
