import { constants, type Stats } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { limits } from "../../site/reading/limits.ts";

/**
 * A site file's text. Regular files only, never through a link, at most 256 kB (the size is looked at before a byte is read, and again
 * while reading), strict UTF-8, a byte order mark dropped. Throws `site/not-found` or `site/unreadable`.
 */
export async function readSiteText(path: string): Promise<string> {
  refuseIrregular(path, await named(path, () => lstat(path)));
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const file = await named(path, () => open(path, flags));
  try {
    refuseIrregular(path, await file.stat());
    return decoded(path, await bytesOf(path, file));
  } finally {
    await file.close();
  }
}

async function named<Result>(path: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR") throw new HowdahError("site/not-found", `There is no site file at ${path}`, { cause });
    if (code === "EACCES" || code === "EPERM") throw unreadable(path, "you may not read it", "Check its owner and permissions.", cause);
    if (code === "ELOOP") throw unreadable(path, "it is a symbolic link", "Name the file itself.", cause);
    throw unreadable(path, `the system answers ${code ?? "with an error"}`, "Check the path and the file system.", cause);
  }
}

function unreadable(path: string, why: string, hint?: string, cause?: unknown): HowdahError {
  return new HowdahError("site/unreadable", `${path} can't be read: ${why}`, { cause, ...(hint === undefined ? {} : { hint }) });
}

function refuseIrregular(path: string, stats: Stats): void {
  if (stats.isSymbolicLink()) throw unreadable(path, "it is a symbolic link", "Name the file itself.");
  if (stats.isDirectory()) throw unreadable(path, "it is a directory", "Name the site file in it.");
  if (!stats.isFile()) throw unreadable(path, "it is not a regular file", "Name a regular file.");
  if (stats.size > limits.bytes) throw tooLarge(path);
}

function tooLarge(path: string): HowdahError {
  return unreadable(path, `it is larger than ${limits.bytes / 1024} kB`, "Move long texts into files of their own.");
}

/** One byte more than allowed is asked for, so that a file that grows meanwhile is noticed. */
async function bytesOf(path: string, file: FileHandle): Promise<Uint8Array> {
  const buffer = new Uint8Array(limits.bytes + 1);
  let length = 0;
  for (;;) {
    const { bytesRead } = await file.read(buffer, length, buffer.length - length);
    if (bytesRead === 0) return buffer.subarray(0, length);
    length += bytesRead;
    if (length > limits.bytes) throw tooLarge(path);
  }
}

function decoded(path: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    const line = new TextDecoder("utf-8").decode(bytes).split("\ufffd", 1)[0]?.split("\n").length ?? 1;
    throw unreadable(path, `it is not UTF-8 (line ${line})`, "Save it as UTF-8 in your editor.", cause);
  }
}
