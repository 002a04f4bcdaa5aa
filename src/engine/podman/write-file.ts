import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";

/** Who may read a file that is written. */
export interface FileOwner {
  readonly mode: number;
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * Writes a file so that a crash or a power cut leaves the old or the new one, never half of it:
 * temporary file, fsync, rename, fsync of the directory. Errors: `machine/disk-full` naming the file.
 */
export async function writeFileAtomically(path: string, content: string | Uint8Array, owner: FileOwner = { mode: 0o600 }): Promise<void> {
  const directory = dirname(path);
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
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
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw named(error, path);
  }
  await syncDirectory(directory);
}

/** Deploys that fail for want of space must say so; any other error stays as it is. */
function named(error: unknown, path: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  if (code !== "ENOSPC" && code !== "EDQUOT") return error;
  return new HowdahError("machine/disk-full", `No space left while writing ${path}`, { cause: error });
}

async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
