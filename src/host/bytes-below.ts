import { lstat, readdir } from "node:fs/promises";
import { join } from "node:path";

/** A block of `stat`, whatever the file system's are (stat(2)). */
const BLOCK = 512;

/** Bytes on disk of everything below a directory; what is not there, or goes meanwhile, counts as nothing. */
export async function bytesBelow(directory: string): Promise<number> {
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  const found = await Promise.all(names.map((name) => lstat(join(directory, name)).catch(() => undefined)));
  return found.reduce((sum, one) => sum + (one?.blocks ?? 0) * BLOCK, 0);
}
