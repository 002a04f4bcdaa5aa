import { constants } from "node:fs";
import { access, copyFile, mkdtemp, rm, statfs, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { getuid } from "node:process";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { StorageDriver } from "./dataset-storage.ts";

/** How a machine's storage copies: in directories of its disk, or in a loop file with btrfs. */
export interface StorageChoice {
  readonly driver: StorageDriver;
  readonly loop: boolean;
}

const BTRFS_MAGIC = 0x91_23_68_3e;

/** The best that a directory's disk and the machine's programs allow, or what is wished for. Errors: `usage/invalid` and `machine/tool-missing` when a wish can't be. */
export async function chooseDriver(
  directory: string,
  { driver, searchPath }: { readonly driver?: StorageDriver | undefined; readonly searchPath: string },
): Promise<StorageChoice> {
  if (driver === "copy") return { driver, loop: false };
  const isNative = (await isBtrfs(directory)) && (await areOnPath(["btrfs"], searchPath));
  if (driver !== "reflink" && isNative) return { driver: "btrfs", loop: false };
  const shares = driver !== "btrfs" && (await canReflink(directory));
  if (shares) return { driver: "reflink", loop: false };
  if (driver === "reflink") throw new HowdahError("usage/invalid", `The file system of ${directory} can't share what files have in common`);
  const missing = await missingForLoop(searchPath);
  if (missing === undefined) return { driver: "btrfs", loop: true };
  if (driver === undefined) return { driver: "copy", loop: false };
  throw new HowdahError("machine/tool-missing", `Datasets can't lie on btrfs: ${missing}`);
}

/** What a loop file with btrfs lacks on this machine, and how to get it; undefined: nothing. */
export async function missingForLoop(searchPath: string): Promise<string | undefined> {
  if (getuid?.() !== 0) return "only root can mount a file system in a file";
  if (!(await areOnPath(["mkfs.btrfs", "btrfs"], searchPath)))
    return "this disk can't copy on write, and a file system that can needs the package btrfs-progs (apt-get install btrfs-progs)";
  if (!(await areOnPath(["losetup", "mount", "umount"], searchPath))) return "losetup and mount are missing (apt-get install mount)";
  return (await isReadable("/dev/loop-control")) ? undefined : "this machine has no loop devices (/dev/loop-control; try `modprobe loop`)";
}

async function isBtrfs(directory: string): Promise<boolean> {
  return (await statfs(directory)).type === BTRFS_MAGIC;
}

/** Asks the file system itself: an XFS may have been made without it. */
async function canReflink(directory: string): Promise<boolean> {
  const trial = await mkdtemp(join(directory, ".trial-")).catch(() => undefined);
  if (trial === undefined) return false;
  try {
    await writeFile(join(trial, "from"), "howdah".repeat(1000));
    await copyFile(join(trial, "from"), join(trial, "to"), constants.COPYFILE_FICLONE_FORCE);
    return true;
  } catch {
    return false;
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

async function areOnPath(programs: readonly string[], searchPath: string): Promise<boolean> {
  const directories = [...searchPath.split(delimiter), "/usr/sbin", "/sbin"].filter((directory) => directory !== "");
  const found = programs.map(async (program) => {
    const places = await Promise.all(directories.map((directory) => isReadable(join(directory, program), constants.X_OK)));
    return places.includes(true);
  });
  return (await Promise.all(found)).every(Boolean);
}

async function isReadable(path: string, mode: number = constants.R_OK): Promise<boolean> {
  return access(path, mode).then(
    () => true,
    () => false,
  );
}
