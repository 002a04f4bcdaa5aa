import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join, relative } from "node:path";

/** Looks for values in what passes through it. */
export interface ByteSearch {
  /** Whether one of the values is in this chunk, or reaches into it from the last one. */
  sees(chunk: Buffer): boolean;
}

/** Where something was found; never what. */
export interface FoundFile {
  readonly path: string;
  readonly where: "content" | "name";
}

const CHUNK = 4 * 1024 * 1024;

/** Reads every file below a directory to its end, or to the first find. Names are looked at as well. */
export async function searchFiles(
  directory: string,
  { search, signal, read }: { readonly search: () => ByteSearch; readonly signal: AbortSignal; readonly read: (bytes: number) => void },
): Promise<readonly FoundFile[]> {
  const found: FoundFile[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (signal.aborted) throw signal.reason;
    const path = relative(directory, join(entry.parentPath, entry.name));
    if (search().sees(Buffer.from(path))) found.push({ path, where: "name" });
    if (!entry.isFile()) continue;
    const looking = search();
    for await (const chunk of createReadStream(join(entry.parentPath, entry.name), { highWaterMark: CHUNK }) as AsyncIterable<Buffer>) {
      read(chunk.length);
      if (!looking.sees(chunk)) continue;
      found.push({ path, where: "content" });
      break;
    }
  }
  return found;
}
