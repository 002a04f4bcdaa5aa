import { createReadStream, type Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";
import type { CanaryScan } from "../../anonymize/hunt/canary-set.ts";

/** How a tree is searched. */
export interface FileSearch {
  /** For one file. */
  scan(): CanaryScan;
  /** Each path, below the tree. */
  name(path: string): void;
  /** After each piece that was read. */
  read(bytes: number): void;
  readonly signal: AbortSignal;
}

/** A file in which something was found. */
export interface FoundIn {
  /** Below the tree: production's own words. */
  readonly path: string;
  readonly count: number;
}

const CHUNK = 4 * 1024 * 1024;

/** What checkers of ext4 put what they find into: root's own, and empty. */
const LOST = "lost+found";

/** Everything below the root of a volume, but for what the file system has there for itself. */
async function entriesBelow(directory: string): Promise<readonly Dirent[]> {
  const top = await readdir(directory, { withFileTypes: true });
  const below = top.map(async (entry) => {
    if (!entry.isDirectory()) return [entry];
    const found = await readdir(join(directory, entry.name), { recursive: true, withFileTypes: true }).catch(
      (error: NodeJS.ErrnoException) => {
        if (entry.name !== LOST || error.code !== "EACCES") throw error;
        return [];
      },
    );
    return [entry, ...found];
  });
  return (await Promise.all(below)).flat();
}

/** Reads every file below a directory to its end. Answers those in which something was found, and how much; never what. */
export async function searchFiles(directory: string, search: FileSearch): Promise<readonly FoundIn[]> {
  const found: FoundIn[] = [];
  for (const entry of await entriesBelow(directory)) {
    search.signal.throwIfAborted();
    const whole = join(entry.parentPath, entry.name);
    const path = relative(directory, whole);
    search.name(path);
    if (!entry.isFile()) continue;
    const scan = search.scan();
    for await (const chunk of createReadStream(whole, { highWaterMark: CHUNK }) as AsyncIterable<Buffer>) {
      search.read(chunk.length);
      scan.push(chunk);
    }
    const count = scan.count();
    if (count > 0) found.push({ path, count });
  }
  return found;
}
