import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pack } from "tar-stream";
import { BLOCK_BYTES } from "./scratch-server.ts";

const RECORD = 512;

/** How many blocks the tar of binlogs takes: whoever reads must know where the files begin. None: 0. */
export async function binlogBlocks(paths: readonly string[]): Promise<number> {
  if (paths.length === 0) return 0;
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  const bytes = sizes.reduce((sum, size) => sum + RECORD + Math.ceil(size / RECORD) * RECORD, 2 * RECORD);
  return Math.ceil(bytes / BLOCK_BYTES);
}

/** Binlogs as a tar, filled up to whole blocks, then a server's files. */
export async function* binlogsBefore(paths: readonly string[], files: Readable): AsyncGenerator<Buffer> {
  const wanted = (await binlogBlocks(paths)) * BLOCK_BYTES;
  if (wanted > 0) {
    const archive = pack();
    const packed = packAll(archive, paths);
    packed.catch((error: unknown) => archive.destroy(error as Error));
    let bytes = 0;
    for await (const chunk of archive as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      yield chunk;
    }
    await packed;
    yield Buffer.alloc(wanted - bytes);
  }
  yield* files as AsyncIterable<Buffer>;
}

async function packAll(archive: ReturnType<typeof pack>, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const { size } = await stat(path);
    await pipeline(createReadStream(path), archive.entry({ name: basename(path), size }) as unknown as Writable);
  }
  archive.finalize();
}
