import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { HowdahError } from "../kernel/howdah-error.ts";
import { isAlive } from "./is-alive.ts";
import { syncDirectory } from "./sync-directory.ts";

/** Who may read a file that is written. Without an owner it is the process's; the mode holds whatever the umask says. */
export interface FileOwner {
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Writes a file so that a crash or a full disk leaves the former one or the new one, never half: temporary beside it, fsync, rename, fsync
 * of the directory. A temporary of a process that died while it wrote the same file goes as well. Directories that are missing are made,
 * closed to others when the file is. Errors: `machine/disk-full`, `machine/needs-root`, each naming the file; others as they are.
 */
export async function writeAtomically(path: string, content: string | Uint8Array, owner: FileOwner): Promise<void> {
  await writeAgain(path, content, owner);
  await sweepTemporaries(path);
}

/** The same for a file that this process has written before: it does not look for what dead ones left, among a thousand files beside it. */
export async function writeAgain(path: string, content: string | Uint8Array, owner: FileOwner): Promise<void> {
  const directory = dirname(path);
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await mkdir(directory, { recursive: true, mode: (owner.mode & 0o077) === 0 ? 0o700 : 0o755 });
    const file = await open(temporary, "wx", owner.mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await chmod(temporary, owner.mode); // the umask took bits away
    if (owner.uid !== undefined) await chown(temporary, owner.uid, owner.gid ?? owner.uid);
    await rename(temporary, path);
    await syncDirectory(directory);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw named(error, path);
  }
}

/** Removes a file that {@link writeAtomically} wrote, with what a dead writer left beside it. It may be missing. */
export async function removeWritten(path: string): Promise<void> {
  await rm(path, { force: true });
  await sweepTemporaries(path);
}

/** Nobody waits for this and nothing depends on it: what can't be removed now goes with the next write. */
async function sweepTemporaries(path: string): Promise<void> {
  const prefix = `${basename(path)}.`;
  for (const name of await readdir(dirname(path)).catch(() => [])) {
    const pid = name.startsWith(prefix) ? /^(\d+)\.[0-9a-f]{8}\.tmp$/.exec(name.slice(prefix.length))?.[1] : undefined;
    if (pid !== undefined && !isAlive(Number(pid))) await rm(join(dirname(path), name), { force: true }).catch(() => undefined);
  }
}

/** What people can mend, by its own name; anything else as it is. */
function named(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOSPC" || code === "EDQUOT")
    return new HowdahError("machine/disk-full", `No space left while writing ${path}`, { cause: error });
  if (code === "EACCES" || code === "EPERM" || code === "EROFS")
    return new HowdahError("machine/needs-root", `May not write ${path}`, { cause: error });
  return error;
}
