import { constants } from "node:fs";
import { lstat, open, realpath, rename, stat } from "node:fs/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { writeAtomically } from "../../host/write-atomically.ts";

/** Largest file of ours that is read from a project: a lock with fifty images stays below. */
const LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * A project file's text, or undefined when there is none. Symlinks and devices are not followed: the project is somebody else's. What is
 * there but can't be read is never taken for missing, or it would be replaced. Error: `site/unreadable`.
 */
export async function readProjectFile(path: string): Promise<string | undefined> {
  return (await readRegularFile(path))?.toString("utf8");
}

/**
 * Writes a project file atomically; with `backup` a former one stays beside it as `NAME.bak`. Both replace a symlink that is there and
 * never write to where it leads. Error: `site/unreadable` when what is there is no file that could be kept.
 */
export async function writeProjectFile(path: string, text: string, options: { readonly backup?: boolean } = {}): Promise<void> {
  if (options.backup === true) await keepFormer(path, `${path}.bak`);
  await writeAtomically(path, text, { mode: 0o644 });
}

async function keepFormer(path: string, backup: string): Promise<void> {
  const entry = await lstat(path).catch(() => undefined);
  // A link is kept as a link: what it leads to may be nobody's business here.
  if (entry?.isSymbolicLink() === true) return rename(path, backup);
  const content = await readRegularFile(path);
  if (content !== undefined) await writeAtomically(backup, content, { mode: entry === undefined ? 0o600 : entry.mode & 0o777 });
}

async function readRegularFile(path: string): Promise<Buffer | undefined> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const entry = await file.stat();
      if (!entry.isFile()) throw unreadable(path, "it is not a regular file");
      if (entry.size > LIMIT_BYTES) throw unreadable(path, `it is larger than ${String(LIMIT_BYTES / 1024 / 1024)} MiB`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (cause) {
    if (cause instanceof HowdahError) throw cause;
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw unreadable(path, code === "ELOOP" ? "it is a symbolic link" : message, cause);
  }
}

function unreadable(path: string, why: string, cause?: unknown): HowdahError {
  return new HowdahError("site/unreadable", `${path} can't be read: ${why}`, {
    cause,
    hint: "Look at it, and move it away if it is not yours: it is neither followed nor replaced.",
  });
}

/** What is at a path; symlinks count as what they point to. */
export async function kindOf(path: string): Promise<"file" | "directory" | "missing" | "other"> {
  const entry = await stat(path).catch(() => undefined);
  if (entry === undefined) return "missing";
  return entry.isFile() ? "file" : entry.isDirectory() ? "directory" : "other";
}

/** The path without symlinks. */
export async function realPathOf(path: string): Promise<string> {
  return realpath(path);
}
