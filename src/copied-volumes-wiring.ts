import type { CopiedVolumes } from "./engine/podman/copied-volumes.ts";
import type { DatasetStorageKeeper } from "./providers/dataset-storage/dataset-storage-keeper.ts";

/** Volumes of environments lie in the storage of datasets, where their snapshots are. It is made when the first one is. */
export function copiedVolumes(keeper: DatasetStorageKeeper): CopiedVolumes {
  return {
    make: async (id, snapshot) => {
      const storage = await keeper.open();
      return await (snapshot === undefined ? storage.createVolume(id) : storage.clone(snapshot, id));
    },
    destroy: async (id) => {
      await (await keeper.existing())?.destroy(id);
    },
    open: async () => {
      await keeper.existing();
    },
  };
}
