import type { DatasetStorage } from "./dataset-storage.ts";
import { type DatasetStorageSettings, destroyDatasetStorage, existingDatasetStorage, openDatasetStorage } from "./open-dataset-storage.ts";

/** The one storage of datasets of a machine. */
export interface DatasetStorageKeeper {
  /** Opens it, makes it the first time. */
  open(): Promise<DatasetStorage>;
  /** Opens it where there is one, so also after a reboot; makes none. */
  existing(): Promise<DatasetStorage | undefined>;
  /** Destroys it with all that is in it. Answers whether there was one. Error: `dataset/storage-busy`. */
  destroy(): Promise<boolean>;
}

/** Opened once for a process: it is asked for in many places. One that could not be opened is tried again. */
export function datasetStorageKeeper(root: string, settings: DatasetStorageSettings): DatasetStorageKeeper {
  let opened: Promise<DatasetStorage> | undefined;
  const once = (storage: Promise<DatasetStorage>): Promise<DatasetStorage> => {
    opened = storage;
    storage.catch(() => (opened = undefined));
    return storage;
  };
  return {
    open: () => opened ?? once(openDatasetStorage(root, settings)),
    existing: async () => {
      if (opened !== undefined) return opened;
      const storage = await existingDatasetStorage(root, settings);
      return storage === undefined ? undefined : once(Promise.resolve(storage));
    },
    destroy: async () => {
      opened = undefined;
      return destroyDatasetStorage(root, settings);
    },
  };
}
