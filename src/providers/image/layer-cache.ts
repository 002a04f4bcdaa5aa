import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { digesting } from "../digesting.ts";

/** A layer as a registry keeps it. */
export interface CompressedLayer {
  /** sha256 of the uncompressed tar, `sha256:…`: what an image's configuration names. */
  readonly diffId: string;
  /** sha256 of the gzip file, `sha256:…`. */
  readonly digest: string;
  /** Bytes of the gzip file. */
  readonly size: number;
  /** The gzip file. */
  readonly file: string;
}

/** zlib's default: 9 is twice as slow for one percent. One level for ever, as the digest depends on it. */
const LEVEL = 6;

/** Where layers are kept, below the cache: by diffId, so that each is compressed once whatever images have it. */
export function layerDirectory(cacheDir: string): string {
  return join(cacheDir, "layers");
}

/** A layer that was compressed before; undefined when it was not, or its file is not what was written. */
export async function cachedLayer(cacheDir: string, diffId: string): Promise<CompressedLayer | undefined> {
  const path = pathOf(cacheDir, diffId);
  const [text, found] = await Promise.all([
    readFile(`${path}.json`, "utf8").catch(() => undefined),
    stat(`${path}.gz`).catch(() => undefined),
  ]);
  if (text === undefined || found === undefined) return undefined;
  try {
    const { digest, size } = JSON.parse(text) as { digest: string; size: number };
    return found.size === size && /^sha256:[0-9a-f]{64}$/.test(digest) ? { diffId, digest, size, file: `${path}.gz` } : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Compresses a layer into the cache. zlib's header holds neither name nor time: the same tar gives the same bytes.
 * Error: `image/build-failed` when the bytes are not those of `diffId`.
 */
export async function compressLayer(cacheDir: string, diffId: string, tar: Readable, signal?: AbortSignal): Promise<CompressedLayer> {
  const path = pathOf(cacheDir, diffId);
  await mkdir(layerDirectory(cacheDir), { recursive: true });
  const part = `${path}.${randomBytes(6).toString("hex")}.part`;
  const plain = digesting();
  const packed = digesting();
  try {
    const target = createWriteStream(part, { flags: "wx", mode: 0o600 });
    const options = signal === undefined ? {} : { signal };
    await pipeline(tar, plain.through, createGzip({ level: LEVEL, chunkSize: 1 << 18 }), packed.through, target, options);
    const digest = `sha256:${plain.result().sha256}`;
    if (digest !== diffId) {
      throw new HowdahError("image/build-failed", `A layer's bytes are not those that its image names: ${digest} instead of ${diffId}`);
    }
    const { sha256, size } = packed.result();
    const found = { digest: `sha256:${sha256}`, size };
    await rename(part, `${path}.gz`);
    await writeFile(part, JSON.stringify(found));
    await rename(part, `${path}.json`);
    return { diffId, ...found, file: `${path}.gz` };
  } finally {
    await rm(part, { force: true });
  }
}

/** Keeps a layer's tar for a later export, as the files that it was made of may change; the file moves. Old ones go when all are too many bytes. */
export async function keepTar(cacheDir: string, diffId: string, tar: string): Promise<void> {
  const directory = layerDirectory(cacheDir);
  await mkdir(directory, { recursive: true });
  await rename(tar, tarFile(cacheDir, diffId));
  const files = await Promise.all(
    (await readdir(directory))
      .filter((name) => name.endsWith(".tar"))
      .map(async (name) => {
        const found = await stat(join(directory, name)).catch(() => undefined);
        return { path: join(directory, name), size: found?.size ?? 0, time: found?.mtimeMs ?? 0 };
      }),
  );
  let bytes = 0;
  for (const file of files.sort((a, b) => b.time - a.time)) {
    bytes += file.size;
    if (bytes > MOST_TAR_BYTES) await rm(file.path, { force: true });
  }
}

/** Where a layer's tar is kept until it is compressed. */
export function tarFile(cacheDir: string, diffId: string): string {
  return `${pathOf(cacheDir, diffId)}.tar`;
}

/** Uncompressed layers that are kept for an export that may never come. */
const MOST_TAR_BYTES = 1024 * 1024 * 1024;

function pathOf(cacheDir: string, diffId: string): string {
  return join(layerDirectory(cacheDir), diffId.replace(/^sha256:/, ""));
}
