import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { padding, tarEnd, tarHeader } from "./tar-header.ts";
import type { TarSource } from "./tar-source.ts";

/** A tar file on disk. */
export interface WrittenTar {
  /** sha256 in hex: of the file, and so of the uncompressed layer. */
  readonly sha256: string;
  readonly size: number;
}

/** Writes entries as one tar, in their order, owned by root: the same entries always give the same bytes. */
export async function writeTar(sources: readonly TarSource[], file: string, signal?: AbortSignal): Promise<WrittenTar> {
  const hash = createHash("sha256");
  let size = 0;
  const counting = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      size += chunk.length;
      done(null, chunk);
    },
  });
  const source = Readable.from(blocks(sources), { objectMode: false, highWaterMark: 1 << 20 });
  const target = createWriteStream(file, { flags: "wx", mode: 0o600, highWaterMark: 1 << 20 });
  await pipeline(source, counting, target, signal === undefined ? {} : { signal });
  return { sha256: hash.digest("hex"), size };
}

async function* blocks(sources: readonly TarSource[]): AsyncGenerator<Uint8Array> {
  for (const source of sources) {
    yield tarHeader({ ...source, name: source.type === "directory" ? `${source.path}/` : source.path });
    if (source.type !== "file" || source.size === 0) continue;
    const content = await source.read();
    if (content.length !== source.size) {
      throw new HowdahError("image/build-failed", `${source.path} changed while the image was made`, {
        hint: "Run the same command again.",
      });
    }
    yield content;
    yield padding(source.size);
  }
  yield tarEnd();
}
