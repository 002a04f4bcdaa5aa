import { lstat, opendir, statfs } from "node:fs/promises";
import { join } from "node:path";

/** Room of the file system that a directory lies on, as a program without privileges sees it (`df`): without blocks that are kept for root. */
export async function roomOf(directory: string): Promise<{ readonly totalBytes: number; readonly freeBytes: number }> {
  const { blocks, bfree, bavail, bsize } = await statfs(directory);
  return { totalBytes: (blocks - bfree + bavail) * bsize, freeBytes: bavail * bsize };
}

/** How many bytes of the disk the files in each directory below take, one level deep; links are not followed. What vanishes meanwhile counts nothing. */
export async function sizesBelow(directory: string): Promise<ReadonlyMap<string, number>> {
  const sizes = new Map<string, number>();
  for await (const entry of await opendir(directory))
    if (entry.isDirectory()) sizes.set(entry.name, await sizeOfFiles(join(directory, entry.name)));
  return sizes;
}

const BLOCK = 512;

/** How many bytes of the disk the files take that are in a directory itself. */
export async function sizeOfFiles(directory: string): Promise<number> {
  let bytes = 0;
  const entries = await opendir(directory).catch(ignoreMissing);
  if (entries === undefined) return 0;
  for await (const entry of entries) {
    const found = entry.isFile() ? await lstat(join(directory, entry.name)).catch(ignoreMissing) : undefined;
    bytes += (found?.blocks ?? 0) * BLOCK;
  }
  return bytes;
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ENOENT") throw error;
}
