import { constants } from "node:fs";
import { type FileHandle, lstat, mkdir, open } from "node:fs/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { RUN_AS } from "../../kernel/label.ts";

const FLAGS = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/**
 * Makes a directory below a volume, each part of its path for the containers' user. A site writes into its volumes while this runs as
 * root, so no part may be a symbolic link, not even one that takes a directory's place in between: every part is opened from the handle
 * of the one above, and its owner is set through its own handle.
 * Errors: `data/path-refused` for a symbolic link or a file in the way; `engine/not-ready` for a part that must exist.
 */
export async function makeSubPath(root: string, subPath: string, missing: "make" | "must-exist"): Promise<void> {
  const parts = subPath.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw new HowdahError("data/path-refused", `${subPath} leaves its volume`);
  let above = await open(root, FLAGS);
  try {
    for (const [index, part] of parts.entries()) {
      const shown = [root, ...parts.slice(0, index + 1)].join("/");
      const next = await below(above, part, { shown, missing, isLast: index === parts.length - 1 });
      if (next === undefined) return;
      await above.close();
      above = next;
    }
  } finally {
    await above.close();
  }
}

interface Part {
  /** For people. */
  readonly shown: string;
  readonly missing: "make" | "must-exist";
  readonly isLast: boolean;
}

/** The directory's handle; nothing when the last part is a file. */
async function below(above: FileHandle, name: string, part: Part): Promise<FileHandle | undefined> {
  const path = `/proc/self/fd/${String(above.fd)}/${name}`;
  const found = await opened(path, part);
  if (found !== "missing") return found;
  if (part.missing === "must-exist") throw new HowdahError("engine/not-ready", `${part.shown} is mounted but does not exist`);
  await mkdir(path, { mode: 0o770 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error; // another command was first
  });
  const made = await opened(path, part);
  if (made === "missing" || made === undefined) throw new HowdahError("data/path-refused", `${part.shown} went away while it was made`);
  await made.chown(RUN_AS, RUN_AS);
  return made;
}

async function opened(path: string, { shown, isLast }: Part): Promise<FileHandle | "missing" | undefined> {
  try {
    return await open(path, FLAGS);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return "missing";
    if (code !== "ENOTDIR" && code !== "ELOOP") throw error;
    const kind = await lstat(path);
    if (kind.isSymbolicLink()) throw new HowdahError("data/path-refused", `${shown} is a symbolic link, so it is not mounted`);
    if (kind.isFile() && isLast) return undefined;
    throw new HowdahError("data/path-refused", `${shown} is not a directory`);
  }
}
