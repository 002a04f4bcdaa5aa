import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { timeOfContent } from "./image-epoch.ts";
import { contentOf, type SiteEntry } from "./site-tree.ts";
import type { TarSource } from "./tar-source.ts";

const brotli = promisify(brotliCompress);
const deflate = promisify(gzip);

type FileEntry = Extract<SiteEntry, { type: "file" }>;

/** Texts that browsers load, and from which size on a second file pays: below, headers weigh more than what is saved. */
const compressible = /\.(?:css|js|mjs|svg|json|xml|html?|txt|ttf|otf|eot|wasm|map)$/i;
const MIN_BYTES = 1024;
const MAX_BYTES = 16 * 1024 * 1024;

const DAY_MS = 24 * 60 * 60 * 1000;

/** Compressed at once; zlib works in libuv's threads. */
const PARALLEL = 4;

/**
 * Brotli 11 is ten times slower than 9 and saves another 8 % (an editor's script of 866 kB: 210,650 bytes for 1.3 s of CPU instead of
 * 228,600). All of WordPress 6.8 from an empty cache: 57 instead of 25 s of CPU. Paid once for each content; from 4 MiB on it takes many seconds a file.
 */
const brotliQuality = (size: number): number => (size <= 4 * 1024 * 1024 ? 11 : 9);

/** The files that nginx sends compressed without compressing: texts of a web tree that the site has not compressed itself. */
export function compressibleFiles(entries: readonly SiteEntry[]): readonly FileEntry[] {
  const names = new Set(entries.map((entry) => entry.path));
  return entries.filter(
    (entry): entry is FileEntry =>
      entry.type === "file" &&
      compressible.test(entry.path) &&
      entry.size >= MIN_BYTES &&
      entry.size <= MAX_BYTES &&
      !names.has(`${entry.path}.br`) &&
      !names.has(`${entry.path}.gz`),
  );
}

/**
 * Compressed copies (`app.js.br`, `app.js.gz`) with the times of their originals, so that nginx's ETags follow the content. Cached by content.
 * A copy that is not at least a tenth smaller is left out.
 */
export async function precompress(
  files: readonly FileEntry[],
  cacheDir: string,
  options: { readonly signal?: AbortSignal | undefined; readonly onProgress: (done: number) => void },
): Promise<readonly TarSource[]> {
  const directory = join(cacheDir, "compressed");
  await mkdir(directory, { recursive: true });
  const queue = [...files];
  const sources: TarSource[] = [];
  let done = 0;
  const worker = async (): Promise<void> => {
    for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
      options.signal?.throwIfAborted();
      for (const suffix of ["br", "gz"] as const) {
        const content = await compressed(file, suffix, directory);
        if (content.length < file.size * 0.9) sources.push(sourceOf(file, suffix, content));
      }
      done += 1;
      options.onProgress(done);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return sources.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function compressed(file: FileEntry, suffix: "br" | "gz", directory: string): Promise<Buffer> {
  const quality = brotliQuality(file.size);
  const path = join(directory, `${file.sha256}.${suffix === "br" ? `${quality}.br` : "9.gz"}`);
  const there = await stat(path).catch(() => undefined);
  if (there !== undefined) {
    const now = new Date();
    // so that pruning knows what is of use still
    if (now.getTime() - there.mtimeMs > DAY_MS) await utimes(path, now, now).catch(() => undefined);
    return readFile(path);
  }
  const content = await contentOf(file);
  const result =
    suffix === "br"
      ? await brotli(content, { params: { [constants.BROTLI_PARAM_QUALITY]: quality, [constants.BROTLI_PARAM_SIZE_HINT]: content.length } })
      : await deflate(content, { level: 9 });
  const part = `${path}.${randomBytes(4).toString("hex")}.part`;
  try {
    await writeFile(part, result);
    await rename(part, path);
  } finally {
    await rm(part, { force: true });
  }
  return result;
}

function sourceOf(file: FileEntry, suffix: string, content: Buffer): TarSource {
  return {
    path: `${file.path}.${suffix}`,
    type: "file",
    mode: 0o644,
    size: content.length,
    mtime: timeOfContent(file.sha256),
    target: "",
    read: async () => content,
  };
}
