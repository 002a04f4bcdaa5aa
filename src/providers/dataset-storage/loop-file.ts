import { mkdir, open, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { roomOf } from "../../host/directory-room.ts";
import { syncDirectory } from "../../host/sync-directory.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { withFileLock } from "../file-lock.ts";
import { run } from "../process.ts";
import { mountAt } from "./mounts.ts";
import { roomFor } from "./room.ts";

/** A file system of our own in a sparse file, for disks that can't copy on write. */
export interface LoopPlace {
  readonly file: string;
  readonly mountPoint: string;
  /** The file never says that it is larger. */
  readonly limitBytes?: number | undefined;
  /** Not on the disk that may be full: to destroy it must be possible then as well. */
  readonly lockFile: string;
}

/** The least that is worth a file system, and the step in which it grows. */
const STEP = 1024 ** 3;
const LOCK_WAIT_MS = 120_000;
/** Without times of reading, which would make every clone's metadata its own; with the room of deleted files given back to the disk. */
const OPTIONS = "noatime,nodev,nosuid,discard=async";

/**
 * Mounts the file's file system, after a reboot again, and makes it the first time: as large as the disk has room, which it takes as it is
 * filled. Killed anywhere it can be called again. Errors: `dataset/storage-full`, `dataset/storage-broken`, `machine/tool-missing`, `machine/tool-failed`.
 */
export async function ensureMounted(place: LoopPlace): Promise<void> {
  if ((await mountAt(place.mountPoint))?.readOnly === false) return;
  await locked(place, async () => {
    const there = await mountAt(place.mountPoint);
    if (there?.readOnly === false) return;
    if (there !== undefined) await unmount(place.mountPoint); // it met a full disk or a damaged one: it may be well after a new start
    if (!(await isFile(place.file))) await makeFile(place);
    await mkdir(place.mountPoint, { recursive: true, mode: 0o700 });
    const device = (await devicesOf(place.file))[0] ?? (await attach(place.file));
    await run(["mount", "-t", "btrfs", "-o", OPTIONS, "--", device, place.mountPoint]);
    await run(["losetup", "-d", device]); // it goes by itself when it is unmounted
  });
}

/** Unmounts and deletes everything. Error: `dataset/storage-busy` when containers have something of it mounted. */
export async function destroyLoop(place: LoopPlace): Promise<void> {
  await locked(place, async () => {
    if ((await mountAt(place.mountPoint)) !== undefined) await unmount(place.mountPoint);
    for (const device of await devicesOf(place.file)) await run(["losetup", "-d", device], { accept: "any" });
    for (const path of [place.file, making(place.file)]) await rm(path, { force: true });
    await rmdir(place.mountPoint).catch(() => undefined);
  });
}

/**
 * Makes the file larger where the disk has got more room than it knows, in steps of one GiB. What a killed process left between the steps is
 * done as well.
 */
export async function growLoop(place: LoopPlace): Promise<void> {
  const { size } = await stat(place.file);
  const inside = await roomOf(place.mountPoint);
  const more = Math.min((await roomFor(dirname(place.file))) - inside.freeBytes, (place.limitBytes ?? Number.POSITIVE_INFINITY) - size);
  const wanted = more >= STEP ? size + Math.floor(more / STEP) * STEP : size;
  if (wanted === size && inside.totalBytes >= size) return;
  await locked(place, async () => {
    await enlarge(place.file, wanted);
    for (const device of await devicesOf(place.file)) await run(["losetup", "-c", device]);
    await run(["btrfs", "filesystem", "resize", "max", place.mountPoint]);
  });
}

/** Bytes that can really be written: what the file system has left, and never more than the disk below it has. */
export async function roomInLoop(place: LoopPlace): Promise<number> {
  return Math.min(await roomFor(place.mountPoint), await roomFor(dirname(place.file)));
}

async function makeFile({ file, limitBytes }: LoopPlace): Promise<void> {
  const room = Math.min(await roomFor(dirname(file)), limitBytes ?? Number.POSITIVE_INFINITY);
  const bytes = Math.floor(room / 1024 ** 2) * 1024 ** 2;
  if (bytes < STEP / 4)
    throw new HowdahError("dataset/storage-full", `datasets: storage full: there is no room for a file system of datasets beside ${file}`);
  const temporary = making(file);
  await rm(temporary, { force: true });
  await enlarge(temporary, bytes);
  await run(["mkfs.btrfs", "-q", "--", temporary]);
  await rename(temporary, file);
  await syncDirectory(dirname(file));
}

function making(file: string): string {
  return `${file}.making`;
}

async function enlarge(path: string, bytes: number): Promise<void> {
  const file = await open(path, "a", 0o600);
  try {
    if ((await file.stat()).size < bytes) await file.truncate(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Past the page cache where the disk's file system lets it: else everything is in memory twice. */
async function attach(file: string): Promise<string> {
  const direct = await run(["losetup", "--find", "--show", "--direct-io=on", "--", file], { accept: "any" });
  const { stdout } = direct.code === 0 ? direct : await run(["losetup", "--find", "--show", "--", file]);
  return stdout.trim();
}

/** Devices that a file is attached to: one, or what a killed process left. */
async function devicesOf(file: string): Promise<readonly string[]> {
  if (!(await isFile(file))) return [];
  const { stdout } = await run(["losetup", "--noheadings", "--output", "NAME", "--associated", file]);
  return stdout
    .split("\n")
    .map((line) => line.trim())
    .filter((name) => name !== "");
}

async function unmount(mountPoint: string): Promise<void> {
  const ran = await run(["umount", "--", mountPoint], { accept: "any" });
  if (ran.code === 0) return;
  if (ran.lastLines.some((line) => line.includes("busy")))
    throw new HowdahError("dataset/storage-busy", `${mountPoint} is in use`, { output: ran.lastLines });
  throw new HowdahError("dataset/storage-broken", `${mountPoint} can't be unmounted`, { output: ran.lastLines });
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}

async function locked(place: LoopPlace, work: () => Promise<void>): Promise<void> {
  await mkdir(dirname(place.lockFile), { recursive: true });
  await withFileLock(place.lockFile, work, LOCK_WAIT_MS);
}
