import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { type Digested, digesting } from "../digesting.ts";
import { padding, tarEnd, tarHeader } from "./tar-header.ts";
import type { TarSource } from "./tar-source.ts";

/** Writes entries as one tar, in their order, owned by root: the same entries always give the same bytes. Answers the hash of the uncompressed layer. */
export async function writeTar(sources: readonly TarSource[], file: string, signal?: AbortSignal): Promise<Digested> {
  const digest = digesting();
  const source = Readable.from(blocks(sources), { objectMode: false, highWaterMark: 1 << 20 });
  const target = createWriteStream(file, { flags: "wx", mode: 0o600, highWaterMark: 1 << 20 });
  await pipeline(source, digest.through, target, signal === undefined ? {} : { signal });
  return digest.result();
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
