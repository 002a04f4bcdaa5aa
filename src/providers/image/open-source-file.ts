import { constants, closeSync, copyFileSync, fstatSync, openSync, readFileSync, readlinkSync } from "node:fs";
import { copyFile, type FileHandle, open } from "node:fs/promises";

/** A pipe in a file's place must not make us wait for its writer. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/**
 * Opens a file of a site's code that a walk has found, by its real path. Howdah is root and the code may be somebody else's: a link that has replaced
 * the file, or a directory above it, since the walk would bring a file of the machine's (a key, a password) into images. Errors: `ENOENT` for such
 * a file and for one that is no plain file any more, as for one that is gone; the system's others as they are. Close what you get.
 */
export async function openSourceFile(file: string): Promise<FileHandle> {
  const handle = await open(file, FLAGS).catch((error: unknown) => {
    throw asGone(error, file);
  });
  try {
    checkPlace(handle.fd, file);
    return handle;
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The bytes of a file as {@link openSourceFile} opens it. */
export async function readSourceFile(file: string): Promise<Buffer> {
  const handle = await openSourceFile(file);
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** The same while nothing else may happen. */
export function readSourceFileSync(file: string): Buffer {
  return withSourceFileSync(file, (descriptor) => readFileSync(descriptor));
}

/** Copies a file as {@link openSourceFile} opens it; the kernel does it without bytes of ours. */
export async function copySourceFile(file: string, to: string): Promise<void> {
  const handle = await openSourceFile(file);
  try {
    await copyFile(pathOf(handle.fd), to);
  } finally {
    await handle.close();
  }
}

/** The same while nothing else may happen. */
export function copySourceFileSync(file: string, to: string): void {
  withSourceFileSync(file, (descriptor) => {
    copyFileSync(pathOf(descriptor), to);
  });
}

function withSourceFileSync<T>(file: string, work: (descriptor: number) => T): T {
  const descriptor = openGone(file);
  try {
    checkPlace(descriptor, file);
    return work(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function openGone(file: string): number {
  try {
    return openSync(file, FLAGS);
  } catch (error) {
    throw asGone(error, file);
  }
}

/** Where the kernel says that the open file lies: no link on the way there goes unseen. Both calls are answered from memory. */
function checkPlace(descriptor: number, file: string): void {
  if (!fstatSync(descriptor).isFile() || readlinkSync(pathOf(descriptor)) !== file) throw gone(file);
}

function pathOf(descriptor: number): string {
  return `/proc/self/fd/${String(descriptor)}`;
}

/** A link (ELOOP) or a socket (ENXIO) lies where the file was. */
function asGone(error: unknown, file: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  return code === "ELOOP" || code === "ENXIO" ? gone(file) : error;
}

function gone(file: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`ENOENT: something else has taken the place of ${file} while it was read`), { code: "ENOENT" });
}
