import { opendir } from "node:fs/promises";
import { join } from "node:path";
import { run } from "../../process.ts";

/** Paths that one call gets: far below what Linux takes (128 kB a path, 2 MB in all). */
const AT_ONCE = 400;
const BLOCK = 4096;

/** Bytes of a tree's files that no other file shares. Directories and the maps themselves are not counted. */
export async function ownBytesOf(tree: string, signal?: AbortSignal): Promise<number> {
  let bytes = 0;
  let paths: string[] = [];
  const measure = async (): Promise<void> => {
    bytes += await ownBytesOfFiles(paths, signal);
    paths = [];
  };
  for await (const path of filesBelow(tree)) {
    paths.push(path);
    if (paths.length === AT_ONCE) await measure();
  }
  if (paths.length > 0) await measure();
  return bytes;
}

/** Regular files, without following links. What goes meanwhile is left out. */
async function* filesBelow(directory: string): AsyncGenerator<string> {
  const entries = await opendir(directory).catch(() => undefined);
  if (entries === undefined) return;
  for await (const entry of entries) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* filesBelow(path);
    else if (entry.isFile()) yield path;
  }
}

/** A file that went between the look and this makes filefrag fail, which says nothing of the others. */
async function ownBytesOfFiles(paths: readonly string[], signal: AbortSignal | undefined): Promise<number> {
  const { stdout } = await run(["filefrag", "-v", `-b${String(BLOCK)}`, "--", ...paths], { signal, accept: "any" });
  return unsharedBlocks(stdout) * BLOCK;
}

/** Sums the extents of `filefrag -v` that are not shared: `   0:   0..  24:   24..   48:   25:    (expected:)   last,shared,eof`. */
export function unsharedBlocks(output: string): number {
  let blocks = 0;
  for (const line of output.split("\n")) {
    const [, length, flags] = /^\s*\d+:\s*\d+\.\.\s*\d+:\s*\d+\.\.\s*\d+:\s*(\d+):(?:\s*\d+:)?\s*([a-z,_]*)$/.exec(line) ?? [];
    if (length !== undefined && !(flags ?? "").split(",").includes("shared")) blocks += Number(length);
  }
  return blocks;
}
