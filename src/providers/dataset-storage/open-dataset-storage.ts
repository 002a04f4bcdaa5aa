import { chmod, mkdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { withFileLock } from "../file-lock.ts";
import { btrfsTrees } from "./btrfs/btrfs-trees.ts";
import { chooseDriver, missingForLoop, type StorageChoice } from "./choose-driver.ts";
import { copyTrees } from "./copy/copy-trees.ts";
import type { DatasetStorage, StorageDriver } from "./dataset-storage.ts";
import { directoryStorage, type DirectoryStorageOptions } from "./directory-storage.ts";
import { type KeptChoice, keepChoice, keptChoice } from "./kept-choice.ts";
import { destroyLoop, ensureMounted, growLoop, type LoopPlace, roomInLoop } from "./loop-file.ts";
import { reflinkTrees } from "./reflink/reflink-trees.ts";
import { requireRoom, roomFor } from "./room.ts";
import { listShelf } from "./shelf.ts";
import type { TreeCopier } from "./tree-copier.ts";

/** What a machine is asked for. Without a driver it chooses the best that it can. */
export interface DatasetStorageSettings {
  readonly driver?: StorageDriver | undefined;
  /** How large the loop file may become. Default: all that the disk has, but for a reserve. */
  readonly limitBytes?: number | undefined;
  /** Where who makes, mounts and destroys waits for others who do. Best on a file system in memory: a full disk stops nobody then. */
  readonly lockFile: string;
  /** Where programs are looked for (`PATH`). */
  readonly searchPath: string;
  readonly now: () => Date;
}

const copiers: Readonly<Record<StorageDriver, TreeCopier>> = { btrfs: btrfsTrees, reflink: reflinkTrees, copy: copyTrees };

/**
 * Opens the storage of datasets in a directory and makes it the first time: in the directory itself where its disk copies on write, else in a loop file
 * with btrfs beside it, else by plain copying. What was chosen stays as long as anything is in it. Mounts the loop file after a reboot.
 */
export async function openDatasetStorage(directory: string, settings: DatasetStorageSettings): Promise<DatasetStorage> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const root = await realpath(directory); // mounts are known by real names
  await chmod(root, 0o700); // copies of the uploads of clients: not for other users of the machine
  const choice = await chosen(root, settings);
  if (choice.loop) await ensureMounted(loopPlace(root, settings));
  return directoryStorage(copiers[choice.driver], optionsFor(root, choice, settings));
}

/** The storage of a directory where one has been made; makes none. */
export async function existingDatasetStorage(directory: string, settings: DatasetStorageSettings): Promise<DatasetStorage | undefined> {
  return (await keptChoice(directory)) === undefined ? undefined : openDatasetStorage(directory, settings);
}

/**
 * Destroys everything in a storage, and the loop file with it: the machine is as before. Answers whether there was one. Who calls this has asked
 * whether environments still use it; a loop file that containers have mounted is refused: `dataset/storage-busy`.
 */
export async function destroyDatasetStorage(directory: string, settings: DatasetStorageSettings): Promise<boolean> {
  const choice = await keptChoice(directory);
  if (choice === undefined) return false;
  const root = await realpath(directory);
  if (choice.loop) await destroyLoop(loopPlace(root, settings));
  else await destroyAll(await openDatasetStorage(root, settings));
  await keepChoice(root, undefined);
  return true;
}

async function destroyAll(storage: DatasetStorage): Promise<void> {
  for (const { id } of await storage.list()) await storage.destroy(id);
  await storage.freed();
}

async function chosen(root: string, settings: DatasetStorageSettings): Promise<KeptChoice> {
  const kept = await keptChoice(root);
  if (kept !== undefined && !(await mayBeBetter(root, kept))) return matching(kept, settings);
  return withFileLock(join(root, "choice.lock"), async () => {
    const meanwhile = await keptChoice(root);
    if (meanwhile !== undefined && !(await mayBeBetter(root, meanwhile))) return matching(meanwhile, settings);
    const { driver, loop } = await firstChoice(root, settings);
    const choice = { driver, loop, wished: settings.driver !== undefined };
    await keepChoice(root, choice);
    return choice;
  });
}

/** Plain copying that nobody wished for, with nothing copied yet: the machine may have got what it lacked. */
async function mayBeBetter(root: string, kept: KeptChoice): Promise<boolean> {
  return kept.driver === "copy" && !kept.wished && (await listShelf(join(root, "volumes")).catch(() => [])).length === 0;
}

function matching(kept: KeptChoice, { driver }: DatasetStorageSettings): KeptChoice {
  if (driver === undefined || driver === kept.driver) return kept;
  throw new HowdahError("usage/invalid", `Datasets lie in a storage of the kind ${kept.driver}, not ${driver}`, {
    hint: "Destroy it first (`howdah dataset storage destroy`), or leave the kind out.",
  });
}

/** A loop file that can't be mounted here (a container without the right to) is no choice. */
async function firstChoice(root: string, settings: DatasetStorageSettings): Promise<StorageChoice> {
  const choice = await chooseDriver(root, settings);
  if (!choice.loop) return choice;
  try {
    await ensureMounted(loopPlace(root, settings));
    return choice;
  } catch (error) {
    const isHopeless = error instanceof HowdahError && error.code.startsWith("machine/tool-") && settings.driver === undefined;
    if (!isHopeless) throw error;
    await destroyLoop(loopPlace(root, settings)).catch(() => undefined);
    return { driver: "copy", loop: false };
  }
}

function loopPlace(root: string, { limitBytes, lockFile }: DatasetStorageSettings): LoopPlace {
  return { file: join(root, "storage.btrfs"), mountPoint: join(root, "mount"), limitBytes, lockFile };
}

function optionsFor(root: string, choice: KeptChoice, settings: DatasetStorageSettings): DirectoryStorageOptions {
  const { now } = settings;
  if (!choice.loop) {
    const freeBytes = (): Promise<number> => roomFor(root);
    const facts = async (): ReturnType<DirectoryStorageOptions["facts"]> => ({
      ...{ loopFile: null, freeBytes: await freeBytes(), warnings: await warningsOf(choice, settings) },
    });
    return { root, now, facts, requireRoom: async (bytes) => requireRoom(await freeBytes(), bytes, root) };
  }
  const place = loopPlace(root, settings);
  return {
    root: place.mountPoint,
    now,
    facts: async () => ({ loopFile: place.file, freeBytes: await roomInLoop(place), warnings: [] }),
    requireRoom: async (bytes) => {
      await growLoop(place);
      requireRoom(await roomInLoop(place), bytes, root);
    },
  };
}

const SLOW = "Datasets are copied byte by byte: each environment takes the time and the room of a whole copy";

async function warningsOf(choice: KeptChoice, { searchPath }: DatasetStorageSettings): Promise<readonly string[]> {
  if (choice.driver === "reflink") return ["Trees of many files are copied file by file: a second for 20,000 of them"];
  if (choice.driver !== "copy") return [];
  if (choice.wished) return [SLOW];
  const missing = await missingForLoop(searchPath);
  return [`${SLOW}: ${missing ?? "what could copy on write is here now; `howdah dataset storage destroy` and a new breed make use of it"}`];
}
