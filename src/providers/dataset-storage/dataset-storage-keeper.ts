import { access } from "node:fs/promises";
import { dirname } from "node:path";
import { chooseDriver, missingForLoop } from "./choose-driver.ts";
import type { DatasetStorage, StorageDriver } from "./dataset-storage.ts";
import { keptChoice } from "./kept-choice.ts";
import { type DatasetStorageSettings, destroyDatasetStorage, existingDatasetStorage, openDatasetStorage } from "./open-dataset-storage.ts";

/** The one storage of datasets of a machine. Opening it costs milliseconds; who has it open does not see it destroyed and made anew by another process. */
export interface DatasetStorageKeeper {
  /** Opens it, makes it the first time. */
  open(): Promise<DatasetStorage>;
  /** Opens it where there is one, so also after a reboot; makes none. */
  existing(): Promise<DatasetStorage | undefined>;
  /** Destroys it with all that is in it. Answers whether there was one. Error: `dataset/storage-busy`. */
  destroy(): Promise<boolean>;
  /** What it is, or would be when it is made; makes and mounts nothing. */
  outlook(): Promise<StorageOutlook>;
}

/** How a machine copies datasets, or would. */
export interface StorageOutlook {
  readonly isMade: boolean;
  readonly driver: StorageDriver;
  readonly loop: boolean;
  /** What the machine lacks for copying on write, with the command that brings it; null: nothing, or a person wished for copying. */
  readonly missing: string | null;
}

/** Knows where it is and how it is wished for. */
export function datasetStorageKeeper(root: string, settings: DatasetStorageSettings): DatasetStorageKeeper {
  return {
    open: () => openDatasetStorage(root, settings),
    existing: () => existingDatasetStorage(root, settings),
    destroy: () => destroyDatasetStorage(root, settings),
    outlook: async () => {
      const kept = await keptChoice(root);
      const { driver, loop } = kept ?? (await chooseDriver(await nearest(root), settings));
      const isWished = kept?.wished ?? settings.driver !== undefined;
      const missing = driver === "copy" && !isWished ? await missingForLoop(settings.searchPath) : undefined;
      return { isMade: kept !== undefined, driver, loop, missing: missing ?? null };
    },
  };
}

/** The directory itself, or the one that it would be made in. */
async function nearest(directory: string): Promise<string> {
  const isThere = await access(directory).then(
    () => true,
    () => directory === "/",
  );
  return isThere ? directory : nearest(dirname(directory));
}
