import { createReadStream } from "node:fs";
import { access, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ExportedImage } from "../image-builder.ts";
import { run } from "../process.ts";
import { contentHash } from "./content-hash.ts";
import { cachedLayer, type CompressedLayer, compressLayer, layerDirectory, tarFile } from "./layer-cache.ts";
import { inspectImage, type StoredImage } from "./storage.ts";

/** What an export needs from the machine. */
export interface ExportContext {
  readonly cacheDir: string;
  readonly newWorkDir: () => Promise<string>;
  readonly signal?: AbortSignal | undefined;
  /** Called after each layer that had to be compressed. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * An image of this machine as a registry takes it: its own configuration, its layers compressed, a manifest over both. What was compressed once
 * comes from the cache; only when a layer or the configuration is not there does podman write the image out. The same image has the same digest
 * wherever it is exported. Errors: `image/build-failed` when the machine does not have the image, `machine/disk-full`.
 */
export async function exportImage(reference: string, context: ExportContext): Promise<ExportedImage> {
  const image = await inspectImage(reference, context.signal);
  if (image === undefined) throw new HowdahError("image/build-failed", `The image ${reference} is not on this machine`);
  const { config, layers } = await partsOf(image, context);
  const descriptor = (mediaType: string, { digest, size }: { digest: string; size: number }): object => ({ mediaType, digest, size });
  const manifest = {
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: descriptor(CONFIG, config),
    layers: layers.map((layer) => descriptor(LAYER, layer)),
  };
  return {
    manifest: { mediaType: MANIFEST, ...blob(Buffer.from(JSON.stringify(manifest))) },
    config: { mediaType: CONFIG, ...config },
    layers: layers.map(({ diffId, digest, size, file }) => ({
      mediaType: LAYER,
      diffId,
      digest,
      size,
      open: (from = 0) => createReadStream(file, { start: from, highWaterMark: 1 << 18 }),
    })),
  };
}

const MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const CONFIG = "application/vnd.oci.image.config.v1+json";
const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

interface Parts {
  readonly config: ReturnType<typeof blob>;
  readonly layers: readonly CompressedLayer[];
}

/** Keeps an image's configuration, whose sha256 is the image's id, so that an export needs nothing from podman. */
export async function keepConfig(cacheDir: string, imageId: string, config: Uint8Array): Promise<void> {
  await mkdir(layerDirectory(cacheDir), { recursive: true });
  await writeFile(configFile(cacheDir, imageId), config);
}

function configFile(cacheDir: string, imageId: string): string {
  return join(layerDirectory(cacheDir), `${imageId}.config`);
}

async function partsOf(image: StoredImage, context: ExportContext): Promise<Parts> {
  const layers = await Promise.all(image.layers.map((diffId) => layerOf(diffId, context)));
  const kept = await readFile(configFile(context.cacheDir, image.id)).catch(() => undefined);
  const config = kept !== undefined && contentHash(kept) === image.id ? kept : undefined;
  const complete = layers.every((layer) => layer !== undefined);
  if (complete && config !== undefined) return { config: blob(config), layers };
  const workDir = await context.newWorkDir();
  try {
    const directory = join(workDir, "saved");
    await run(["podman", "save", "--quiet", "--format=docker-dir", `--output=${directory}`, "--", image.id], { signal: context.signal });
    const saved = await readFile(join(directory, image.id));
    await keepConfig(context.cacheDir, image.id, saved);
    return { config: blob(saved), layers: await compressMissing(image.layers, layers, directory, context) };
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

/** A layer from the cache, or compressed now from the tar that was kept when it was made. */
async function layerOf(diffId: string, context: ExportContext): Promise<CompressedLayer | undefined> {
  const there = await cachedLayer(context.cacheDir, diffId);
  const tar = tarFile(context.cacheDir, diffId);
  if (there === undefined && (await exists(tar))) {
    await compressLayer(context.cacheDir, diffId, createReadStream(tar, { highWaterMark: 1 << 18 }), context.signal);
  }
  await rm(tar, { force: true });
  return there ?? cachedLayer(context.cacheDir, diffId);
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

async function compressMissing(
  diffIds: readonly string[],
  known: readonly (CompressedLayer | undefined)[],
  directory: string,
  context: ExportContext,
): Promise<readonly CompressedLayer[]> {
  const layers: CompressedLayer[] = [];
  for (const [index, diffId] of diffIds.entries()) {
    const there = known[index];
    const tar = join(directory, diffId.replace(/^sha256:/, ""));
    layers.push(
      there ?? (await compressLayer(context.cacheDir, diffId, createReadStream(tar, { highWaterMark: 1 << 18 }), context.signal)),
    );
    if (there === undefined) context.onProgress?.(layers.length, diffIds.length);
  }
  return layers;
}

function blob(bytes: Buffer): { readonly digest: string; readonly size: number; readonly bytes: Buffer } {
  return { digest: `sha256:${contentHash(bytes)}`, size: bytes.length, bytes };
}
