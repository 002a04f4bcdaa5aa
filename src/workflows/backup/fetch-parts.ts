import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { BackupRepository } from "../../providers/backup/backup-repository.ts";
import { readableBytes } from "../database/byte-progress.ts";
import { receiveTree } from "../files/receive-tree.ts";
import type { BackupPorts } from "./backup-ports.ts";
import type { BackedUpDatabase, BackedUpFiles } from "./backup-record.ts";
import { dumpDigest } from "./dump-digest.ts";
import { removeDeadScratch, SCRATCH_PREFIX } from "./remove-dead-scratch.ts";
import { DATABASE_PART } from "./save-database.ts";
import { FILES_PART } from "./save-files.ts";
import { digestDirectory } from "./tree-digest.ts";

const SPARE_BYTES = 64 * 1024 * 1024;

/** A directory of this machine that is gone when `work` is done. Error: `machine/disk-full` before anything is written. */
export async function inScratchDirectory<T>(
  neededBytes: number,
  ports: Pick<BackupPorts, "settings" | "machine">,
  work: (directory: string) => Promise<T>,
): Promise<T> {
  const parent = join(ports.settings.stateDirectory, "scratch");
  await mkdir(parent, { recursive: true, mode: 0o700 });
  await removeDeadScratch(parent, ports.machine);
  const { bavail, bsize } = await statfs(parent);
  if (bavail * bsize < neededBytes + SPARE_BYTES)
    throw new HowdahError(
      "machine/disk-full",
      `Restoring may take ${readableBytes(neededBytes)}, and ${parent} has ${readableBytes(bavail * bsize)} left`,
    );
  const directory = await mkdtemp(join(parent, `${SCRATCH_PREFIX}${await ports.machine.processIdentity()}.`));
  try {
    return await work(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Writes a backup's files to `target` and compares what lies there with what was backed up. Error: `backup/damaged`. */
export async function fetchFiles(files: BackedUpFiles, target: string, repository: BackupRepository, signal: AbortSignal): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o700 });
  const { stream, done } = repository.read(files.part, FILES_PART, signal);
  const received = await receiveTree(stream, target, () => undefined).catch(async (error: unknown) => {
    stream.destroy();
    await done; // the store's own reason comes first
    throw new HowdahError("backup/damaged", `The files of ${files.path} can't be read back`, { cause: error });
  });
  await done;
  const found = await digestDirectory(target);
  if (found.sha256 === files.sha256 && received.files === files.files) return;
  throw new HowdahError(
    "backup/damaged",
    `The files of ${files.path} are not what was backed up: ${String(found.files)} files with ${String(found.bytes)} bytes instead of ${String(files.files)} with ${String(files.bytes)}`,
  );
}

/** Writes a backup's dump to `file` and compares every byte. Error: `backup/damaged`. */
export async function fetchDump(
  database: BackedUpDatabase,
  file: string,
  repository: BackupRepository,
  signal: AbortSignal,
): Promise<void> {
  const { stream, done } = repository.read(database.part, DATABASE_PART, signal);
  const reading = dumpDigest();
  await pipeline([stream, reading.stream, createWriteStream(file, { flags: "wx", mode: 0o600 })], { signal });
  await done;
  requireSame(database, reading.result());
}

/** Every byte, and the last line. Error: `backup/damaged`. */
export function requireSame(database: BackedUpDatabase, found: ReturnType<ReturnType<typeof dumpDigest>["result"]>): void {
  if (found.sha256 === database.sha256 && found.complete) return;
  throw new HowdahError(
    "backup/damaged",
    `The dump in the store is not what was backed up: ${String(found.bytes)} bytes instead of ${String(database.bytes)}`,
  );
}
