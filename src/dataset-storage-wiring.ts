import { join } from "node:path";
import { HowdahError } from "./kernel/howdah-error.ts";
import type { StorageDriver } from "./providers/dataset-storage/dataset-storage.ts";
import type { DatasetStorageKeeper } from "./providers/dataset-storage/dataset-storage-keeper.ts";

/** The storage of datasets of this machine: beside Howdah's state, or where `HOWDAH_DATASET_DIR` says. Its code is loaded when it is asked for. */
export function wireDatasetStorage(
  { stateDirectory, runDirectory }: { readonly stateDirectory: string; readonly runDirectory: string },
  environment: NodeJS.ProcessEnv,
): DatasetStorageKeeper {
  const root = given(environment, "HOWDAH_DATASET_DIR") ?? join(stateDirectory, "dataset-storage");
  let loaded: Promise<DatasetStorageKeeper> | undefined;
  const keeper = (): Promise<DatasetStorageKeeper> =>
    (loaded ??= (async () => {
      const { datasetStorageKeeper } = await import("./providers/dataset-storage/dataset-storage-keeper.ts");
      return datasetStorageKeeper(root, {
        ...{ driver: driverFrom(environment), limitBytes: limitFrom(environment) },
        lockFile: join(runDirectory, "dataset-storage.lock"),
        ...{ searchPath: environment["PATH"] ?? "", now: () => new Date() },
      });
    })());
  return {
    open: async () => (await keeper()).open(),
    existing: async () => (await keeper()).existing(),
    destroy: async () => (await keeper()).destroy(),
    outlook: async () => (await keeper()).outlook(),
  };
}

const DRIVERS: readonly StorageDriver[] = ["btrfs", "reflink", "copy"];

function driverFrom(environment: NodeJS.ProcessEnv): StorageDriver | undefined {
  const word = given(environment, "HOWDAH_DATASET_DRIVER");
  const driver = DRIVERS.find((name) => name === word);
  if (word === undefined || driver !== undefined) return driver;
  throw new HowdahError("usage/invalid", `HOWDAH_DATASET_DRIVER is ${JSON.stringify(word)}: it takes ${DRIVERS.join(", ")}`);
}

/** In whole GiB. */
function limitFrom(environment: NodeJS.ProcessEnv): number | undefined {
  const word = given(environment, "HOWDAH_DATASET_GIB");
  if (word === undefined) return undefined;
  if (/^[1-9]\d{0,6}$/.test(word)) return Number(word) * 1024 ** 3;
  throw new HowdahError("usage/invalid", `HOWDAH_DATASET_GIB is ${JSON.stringify(word)}: it takes a whole number from 1`);
}

function given(environment: NodeJS.ProcessEnv, name: string): string | undefined {
  const value = environment[name];
  return value === "" ? undefined : value;
}
