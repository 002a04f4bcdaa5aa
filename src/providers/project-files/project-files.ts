import { copyFile, lstat, readFile, realpath, stat } from "node:fs/promises";
import { writeAtomically } from "../state/atomic-file.ts";

/** Largest file of ours that is read from a project: a lock with fifty images stays below. */
const LIMIT_BYTES = 16 * 1024 * 1024;

/** A project file's text, or undefined when there is none. Symlinks and devices are not followed: the project is somebody else's. */
export async function readProjectFile(path: string): Promise<string | undefined> {
  const entry = await lstat(path).catch(() => undefined);
  if (entry === undefined || !entry.isFile() || entry.size > LIMIT_BYTES) return undefined;
  return readFile(path, "utf8");
}

/** Writes a project file atomically; with `backup` a former one stays beside it as `NAME.bak`. */
export async function writeProjectFile(path: string, text: string, options: { readonly backup?: boolean } = {}): Promise<void> {
  if (options.backup === true && (await kindOf(path)) === "file") await copyFile(path, `${path}.bak`);
  await writeAtomically(path, text);
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
