import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { argv } from "node:process";
import { openDatasetStorage } from "../../src/providers/dataset-storage/open-dataset-storage.ts";
import type { StorageDriver } from "../../src/providers/dataset-storage/dataset-storage.ts";

/** A process that opens a storage and does what storages do, to be killed meanwhile: a breed and an environment that come and go. */
const [, , root = "", driver = "", locks = "", round = ""] = argv;
const storage = await openDatasetStorage(root, {
  ...(driver === "" ? {} : { driver: driver as StorageDriver }),
  lockFile: join(locks, "lock"),
  searchPath: process.env["PATH"] ?? "",
  now: () => new Date(),
});
const source = await storage.createVolume(`${round}.raw`);
await writeFile(join(source, "token"), round);
await storage.snapshot(`${round}.raw`, `${round}.golden`);
await storage.clone(`${round}.golden`, `${round}.env`);
await storage.destroy(`${round}.raw`);
await storage.freed();
