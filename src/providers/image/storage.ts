import { rm } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { type Ran, run } from "../process.ts";
import type { ImageConfig, ImageDocuments } from "./image-manifest.ts";
import { writeOciArchive } from "./oci-archive.ts";

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

/** A layer of an image to be. One without `file` must be in the storage already, which finds it by its digest and never asks for the bytes. */
export interface LayerSource {
  readonly diffId: string;
  /** Bytes of the tar; 0 where it is not known (a base's layers). */
  readonly size: number;
  readonly file?: string;
}

/** Reads an image; undefined when the machine has none of that name. Error: as `inspectImages`. */
export async function inspectImage(reference: string, signal?: AbortSignal): Promise<StoredImage | undefined> {
  return inspectAlone(reference, signal, run);
}

/**
 * Reads several images in one process; those that the machine has, by the names that were asked for. Error: `image/build-failed` when podman
 * can't tell. `runProgram` is for tests.
 */
export async function inspectImages(
  references: readonly string[],
  signal?: AbortSignal,
  runProgram: typeof run = run,
): Promise<ReadonlyMap<string, StoredImage>> {
  const wanted = [...new Set(references)];
  const found = new Map<string, StoredImage>();
  if (wanted.length === 0) return found;
  const ran = await runInspect(wanted, signal, runProgram);
  const images = isAnswer(ran, wanted) ? imagesIn(ran) : [];
  for (const reference of wanted) {
    const image = images.find(({ id, names }) => id === reference || names.includes(reference));
    if (image !== undefined) found.set(reference, image);
  }
  // a short name or a digest is not among the names of its image: alone, its answer is clear
  if (isAnswer(ran, wanted) && new Set(found.values()).size === images.length) return found;
  for (const reference of wanted.filter((name) => !found.has(name))) {
    const image = await inspectAlone(reference, signal, runProgram);
    if (image !== undefined) found.set(reference, image);
  }
  return found;
}

/** An image of which a layer is gone can't be used: it counts as one that the machine does not have, so that it is made anew. */
async function inspectAlone(reference: string, signal: AbortSignal | undefined, runProgram: typeof run): Promise<StoredImage | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    const ran = await runInspect([reference], signal, runProgram);
    if (isAnswer(ran, [reference])) return imagesIn(ran)[0];
    if (attempt < INSPECT_ATTEMPTS && /not known/i.test(ran.stderr)) continue;
    if (/layer not known/i.test(ran.stderr)) return undefined;
    throw buildFailed(`The image ${reference} can't be read`, ran);
  }
}

/** podman reads its other images, too, and fails when another process removes one of them at that moment. */
const INSPECT_ATTEMPTS = 4;

function runInspect(references: readonly string[], signal: AbortSignal | undefined, runProgram: typeof run): Promise<Ran> {
  return runProgram(["podman", "image", "inspect", "--", ...references], { signal, accept: [0, 125] });
}

/** True when podman has told of each name whether it has it. "image not known" without one of the names says nothing of them. */
function isAnswer({ code, stderr }: Ran, references: readonly string[]): boolean {
  if (code === 0) return true;
  const complaints = stderr.split("\n").filter((line) => /^error/i.test(line));
  const isUnknown = (line: string): boolean =>
    /image not known|no such image|failed to find image/i.test(line) && references.some((reference) => line.includes(reference));
  return complaints.length > 0 && complaints.every(isUnknown);
}

function imagesIn({ stdout }: Ran): readonly StoredImage[] {
  return (JSON.parse(stdout.trim() === "" ? "[]" : stdout) as readonly Inspected[]).map(storedImage);
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
  /** Its name; null for an image that gets none yet. */
  readonly reference: string | null;
  readonly documents: ImageDocuments;
  readonly layers: readonly LayerSource[];
}

/**
 * Puts images into podman's storage with their names, in one process, by way of archives in `workDir` that are removed afterwards. An image may
 * leave out a layer that one before it brings.
 * Errors: `image/build-failed`, `machine/disk-full`, `machine/tool-missing`.
 */
export async function storeImages(images: readonly ImageToStore[], workDir: string, signal?: AbortSignal): Promise<void> {
  if (images.length === 0) return;
  const archives: string[] = [];
  try {
    for (const { reference, documents, layers } of images) {
      const archive = join(workDir, `${documents.id}.oci.tar`);
      archives.push(archive);
      const files = layers.flatMap(({ diffId, size, file }) =>
        file === undefined ? [] : [{ sha256: diffId.replace("sha256:", ""), size, file }],
      );
      await writeOciArchive(archive, { documents, name: reference ?? undefined, layers: files });
    }
    const ran = await run(["podman", "pull", "--quiet", "--", ...archives.map((archive) => `oci-archive:${archive}`)], {
      signal,
      accept: [0, 1, 125],
    });
    const ids = ran.stdout.trim().split("\n");
    if (ran.code !== 0 || !images.every(({ documents }) => ids.includes(documents.id)))
      throw buildFailed("podman could not take the image", ran);
  } finally {
    for (const archive of archives) await rm(archive, { force: true });
  }
}

/**
 * Puts an OCI layout, the directory `name` in `workDir`, into podman's storage under a name of our choice. The name that podman makes from
 * the directory's is taken away. Errors: as `storeImages`.
 */
export async function importLayout(workDir: string, name: string, reference: string, signal?: AbortSignal): Promise<void> {
  const ran = await run(["podman", "pull", "--quiet", "--", `oci:${name}`], { cwd: workDir, signal, accept: [0, 1, 125] });
  const id = ran.stdout.trim().split("\n").at(-1) ?? "";
  if (ran.code !== 0 || !/^[0-9a-f]{64}$/.test(id)) throw buildFailed("podman could not take the image", ran);
  try {
    await nameImage(id, reference, signal);
  } finally {
    // also when we are stopped: nothing else would ever take that name away
    await run(["podman", "untag", id, `localhost/${name}`], { accept: "any" });
  }
}

/** Gives an image its name. */
export async function nameImage(id: string, reference: string, signal?: AbortSignal): Promise<void> {
  await run(["podman", "tag", id, reference], { signal });
}

/** Removes an image by id or name; one that is in use stays. Returns whether it is gone. */
export async function removeImage(reference: string, signal?: AbortSignal): Promise<boolean> {
  const ran = await run(["podman", "rmi", "--", reference], { signal, accept: "any" });
  return ran.code === 0;
}

/** Removes an image by its id when nobody has named it; answers whether it is gone. */
export async function removeNameless(id: string, signal?: AbortSignal): Promise<boolean> {
  if (!/^[0-9a-f]{64}$/.test(id)) return false;
  const image = await inspectImage(id, signal);
  return image !== undefined && image.names.length === 0 && removeImage(id, signal);
}

function buildFailed(message: string, ran: Ran): HowdahError {
  const full = ran.lastLines.some((line) => /no space left on device/i.test(line));
  if (full)
    return new HowdahError("machine/disk-full", "No space left on the file system of the containers' storage", { output: ran.lastLines });
  return new HowdahError("image/build-failed", message, { output: ran.lastLines });
}
