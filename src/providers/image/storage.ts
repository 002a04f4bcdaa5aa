import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { type Ran, run } from "../process.ts";
import { contentHash } from "./content-hash.ts";
import { IMAGE_EPOCH } from "./image-epoch.ts";
import type { WrittenTar } from "./write-tar.ts";

/** How a container starts from an image. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly user: string;
  readonly workingDir: string;
  readonly env: readonly string[];
  readonly stopSignal: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** An image in the machine's storage, as far as we need to know it. */
export interface StoredImage {
  readonly id: string;
  readonly digest: string;
  readonly sizeBytes: number;
  readonly names: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** sha256 of each uncompressed layer, `sha256:…`, base first, with its size unknown. */
  readonly layers: readonly string[];
  readonly config: ImageConfig;
  readonly architecture: string;
}

/** A layer of an image to be: one that the storage has already, or a new tar. */
export type LayerSource = { readonly diffId: string } | { readonly tar: string; readonly written: WrittenTar };

/** Reads an image; undefined when the machine has none of that name. */
export async function inspectImage(reference: string, signal?: AbortSignal): Promise<StoredImage | undefined> {
  const ran = await run(["podman", "image", "inspect", "--", reference], { signal, accept: [0, 125] });
  if (ran.code !== 0) {
    if (/image not known|no such image|failed to find image/i.test(ran.stderr)) return undefined;
    throw buildFailed(`The image ${reference} can't be read`, ran);
  }
  const [found] = JSON.parse(ran.stdout) as readonly Inspected[];
  return found === undefined ? undefined : storedImage(found);
}

interface Inspected {
  readonly Id: string;
  readonly Digest?: string;
  readonly Size?: number;
  readonly Architecture?: string;
  readonly NamesHistory?: readonly string[] | null;
  readonly RepoTags?: readonly string[] | null;
  readonly RootFS?: { readonly Layers?: readonly string[] | null };
  readonly Labels?: Readonly<Record<string, string>> | null;
  readonly Config?: {
    readonly Entrypoint?: readonly string[] | null;
    readonly Cmd?: readonly string[] | null;
    readonly User?: string;
    readonly WorkingDir?: string;
    readonly Env?: readonly string[] | null;
    readonly StopSignal?: string;
  };
}

function storedImage(found: Inspected): StoredImage {
  const labels = found.Labels ?? {};
  return {
    id: found.Id,
    digest: found.Digest ?? "",
    sizeBytes: found.Size ?? 0,
    names: found.RepoTags ?? [],
    labels,
    layers: found.RootFS?.Layers ?? [],
    architecture: found.Architecture ?? "amd64",
    config: {
      entrypoint: found.Config?.Entrypoint ?? [],
      cmd: found.Config?.Cmd ?? [],
      user: found.Config?.User ?? "",
      workingDir: found.Config?.WorkingDir ?? "",
      env: found.Config?.Env ?? [],
      stopSignal: found.Config?.StopSignal,
      labels,
    },
  };
}

/** An image to be put into the storage. */
export interface ImageToStore {
  readonly architecture: string;
  readonly config: ImageConfig;
  /** Base first. */
  readonly layers: readonly LayerSource[];
}

/**
 * Puts an image into podman's storage, without a name, by way of an OCI layout in `workDir` that is removed afterwards. Layers that the
 * storage has are only named: it finds them by their digest and never asks for the bytes. Every byte of the manifest is ours and holds no clock,
 * so the same layers and configuration have the same digest everywhere. Returns the image's id.
 * Errors: `image/build-failed`, `machine/disk-full`, `machine/tool-missing`.
 */
export async function storeImage(image: ImageToStore, workDir: string, signal?: AbortSignal): Promise<string> {
  const name = `howdah-import-${contentHash(image).slice(0, 12)}-${process.pid}`;
  const layout = join(workDir, name);
  try {
    await writeLayout(image, layout);
    const ran = await run(["podman", "pull", "--quiet", `oci:${name}`], { cwd: workDir, signal, accept: [0, 1, 125] });
    const id = ran.stdout.trim().split("\n").at(-1) ?? "";
    if (ran.code !== 0 || !/^[0-9a-f]{64}$/.test(id)) throw buildFailed("podman could not take the image", ran);
    return id;
  } finally {
    await rm(layout, { recursive: true, force: true });
  }
}

async function writeLayout(image: ImageToStore, layout: string): Promise<void> {
  const blobs = join(layout, "blobs", "sha256");
  await mkdir(blobs, { recursive: true });
  const put = async (value: unknown): Promise<{ digest: string; size: number }> => {
    const text = JSON.stringify(value);
    const hash = contentHash(text);
    await writeFile(join(blobs, hash), text);
    return { digest: `sha256:${hash}`, size: Buffer.byteLength(text) };
  };
  for (const layer of image.layers) if ("tar" in layer) await rename(layer.tar, join(blobs, layer.written.sha256));
  const created = new Date(IMAGE_EPOCH * 1000).toISOString();
  const diffIds = image.layers.map((layer) => ("tar" in layer ? `sha256:${layer.written.sha256}` : layer.diffId));
  const config = await put({
    created,
    architecture: image.architecture,
    os: "linux",
    config: ociConfig(image.config),
    rootfs: { type: "layers", diff_ids: diffIds },
    history: diffIds.map(() => ({ created, created_by: "howdah" })),
  });
  const manifest = await put({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", ...config },
    layers: image.layers.map((layer, index) => ({
      mediaType: "application/vnd.oci.image.layer.v1.tar",
      digest: diffIds[index],
      size: "tar" in layer ? layer.written.size : 0,
    })),
  });
  await writeFile(join(layout, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const entry = { mediaType: "application/vnd.oci.image.manifest.v1+json", ...manifest };
  await writeFile(join(layout, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
}

function ociConfig(config: ImageConfig): unknown {
  return {
    User: config.user,
    Env: config.env,
    Entrypoint: config.entrypoint,
    Cmd: config.cmd,
    WorkingDir: config.workingDir,
    Labels: Object.fromEntries(Object.entries(config.labels).sort(([a], [b]) => (a < b ? -1 : 1))),
    ...(config.stopSignal === undefined ? {} : { StopSignal: config.stopSignal }),
  };
}

/** Gives an image its name and takes the ones away that the import made. */
export async function nameImage(id: string, reference: string, signal?: AbortSignal): Promise<void> {
  await run(["podman", "tag", id, reference], { signal });
  const names = (await inspectImage(id, signal))?.names.filter((name) => name.startsWith("localhost/howdah-import-")) ?? [];
  for (const name of names) await run(["podman", "untag", id, name], { signal, accept: "any" });
}

/** Removes an image by id or name; one that is in use stays. Returns whether it is gone. */
export async function removeImage(reference: string, signal?: AbortSignal): Promise<boolean> {
  const ran = await run(["podman", "rmi", "--", reference], { signal, accept: "any" });
  return ran.code === 0;
}

function buildFailed(message: string, ran: Ran): HowdahError {
  const full = ran.lastLines.some((line) => /no space left on device/i.test(line));
  if (full)
    return new HowdahError("machine/disk-full", "No space left on the file system of the containers' storage", { output: ran.lastLines });
  return new HowdahError("image/build-failed", message, { output: ran.lastLines });
}
