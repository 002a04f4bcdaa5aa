import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { datasetStorageContract, type StorageOfTest } from "../../src/providers/dataset-storage/dataset-storage-contract.ts";
import { destroyDatasetStorage } from "../../src/providers/dataset-storage/open-dataset-storage.ts";
import { run } from "../../src/providers/process.ts";

const settings = {
  lockFile: join(tmpdir(), "t-datasets.lock"),
  searchPath: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`,
  now: () => new Date(),
  limitBytes: 2 * 1024 ** 3,
};

async function directoryOfTest(): Promise<string> {
  return mkdtemp(join(tmpdir(), "t-datasets-"));
}

/** A storage in a plain directory; what its disk is, is the machine's business. */
async function inDirectory(driver: StorageOfTest["driver"]): Promise<StorageOfTest> {
  const directory = await directoryOfTest();
  const root = join(directory, "storage");
  const remove = async (): Promise<void> => {
    await destroyDatasetStorage(root, settings);
    await rm(directory, { recursive: true, force: true });
  };
  return { root, driver, outside: directory, remove };
}

/** XFS in a file of its own, as a client's disk may have. */
async function onXfs(): Promise<StorageOfTest> {
  const directory = await directoryOfTest();
  const [image, mount] = [join(directory, "xfs"), join(directory, "mount")];
  await mkdir(mount);
  await run(["truncate", "-s", "1G", image]);
  await run(["mkfs.xfs", "-q", image]);
  await run(["mount", "-o", "loop", image, mount]); // the device goes when it is unmounted
  const remove = async (): Promise<void> => {
    await run(["umount", mount]);
    await rm(directory, { recursive: true, force: true });
  };
  return { root: join(mount, "storage"), driver: "reflink", outside: directory, remove };
}

datasetStorageContract("btrfs in a loop file", () => inDirectory("btrfs"));
datasetStorageContract("reflink on XFS", onXfs);
datasetStorageContract("copy", () => inDirectory("copy"));
