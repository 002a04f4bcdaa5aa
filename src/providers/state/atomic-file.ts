import { randomBytes } from "node:crypto";
import { mkdir, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { syncDirectory } from "../sync-directory.ts";

/** ENOSPC and EDQUOT by their own name, anything else as it is. */
function named(error: unknown, path: string): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === "ENOSPC" || code === "EDQUOT")
    return new HowdahError("machine/disk-full", `No space left while writing ${path}`, { cause: error });
  if (code === "EACCES" || code === "EPERM" || code === "EROFS")
    return new HowdahError("machine/needs-root", `May not write ${path}`, { cause: error });
  return error;
}

/** Writes a file so that a crash or a full disk leaves the former one or the new one, never half: temporary beside it, fsync, rename, fsync of the directory. */
export async function writeAtomically(path: string, content: string | Uint8Array, mode = 0o644): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    await mkdir(dirname(path), { recursive: true, mode: mode === 0o600 ? 0o700 : 0o755 });
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw named(error, path);
  }
}
