import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ImageTree, TreeEntry } from "./image-tree.ts";
import { padding, tarEnd, tarHeader } from "./tar-header.ts";

/** Every file's time in a base image: 2025-01-01T00:00:00Z, in seconds. One constant, so that the same packages give the same bytes. */
export const IMAGE_EPOCH = 1_735_689_600;

/** A tar file on disk. */
export interface WrittenTar {
  /** sha256 in hex: of the file, and so of the uncompressed layer. */
  readonly sha256: string;
  readonly size: number;
}

/** How a tree is written. */
export interface WriteTarOptions {
  /** A file's time in seconds; `IMAGE_EPOCH` when left out. */
  readonly timeOf?: (path: string, entry: TreeEntry) => number;
  readonly signal?: AbortSignal | undefined;
}

/** Writes a tree as one tar: sorted, owned by root, fixed times, so that the same tree always gives the same bytes. */
export async function writeTar(tree: ImageTree, file: string, options: WriteTarOptions = {}): Promise<WrittenTar> {
  const hash = createHash("sha256");
  let size = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  const source = Readable.from(blocks(tree, options.timeOf ?? (() => IMAGE_EPOCH)), { objectMode: false, highWaterMark: 1 << 20 });
  const target = createWriteStream(file, { flags: "wx", mode: 0o600, highWaterMark: 1 << 20 });
  await pipeline(source, counting, target, options.signal === undefined ? {} : { signal: options.signal });
  return { sha256: hash.digest("hex"), size };
}

async function* blocks(tree: ImageTree, timeOf: (path: string, entry: TreeEntry) => number): AsyncGenerator<Buffer> {
  for (const path of tree.paths()) {
    const entry = tree.get(path);
    if (entry === undefined) continue;
    const size = entry.type === "file" ? entry.size : 0;
    yield tarHeader({
      name: entry.type === "directory" ? `${path}/` : path,
      type: entry.type,
      mode: entry.type === "symlink" ? 0o777 : entry.mode,
      size,
      mtime: timeOf(path, entry),
      target: entry.type === "symlink" ? entry.target : "",
    });
    if (entry.type !== "file" || size === 0) continue;
    yield await tree.read(entry);
    yield padding(size);
  }
  yield tarEnd();
}
