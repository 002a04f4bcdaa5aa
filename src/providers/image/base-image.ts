import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BaseRequest } from "../../catalog/image-recipes.ts";
import type { Emit } from "../../kernel/event.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { unreachable } from "../../kernel/unreachable.ts";
import type { BuiltImage } from "../image-builder.ts";
import { type Lock, type LockedImage, lockedImageFor } from "../image-lock.ts";
import { baseConfig } from "./base-config.ts";
import { adoptImage } from "./adopt-image.ts";
import { assembleBase, entrypointHash } from "./base-tree.ts";
import type { BuilderContext } from "./builder-context.ts";
import { contentHash } from "./content-hash.ts";
import { namingDiskFull } from "./disk-errors.ts";
import { fetchWithProgress } from "./fetch-with-progress.ts";
import { imageDocuments } from "./image-manifest.ts";
import { ImageTree } from "./image-tree.ts";
import { requireLibraries } from "./library-gate.ts";
import { requireExtensions } from "./php-gate.ts";
import { keepRecipe } from "./recipes.ts";
import { inspectImage, nameImage, removeImage, storeImages } from "./storage.ts";
import { sourcesOf } from "./tar-source.ts";
import { writeTar } from "./write-tar.ts";

/** Raised when assembling the same packages gives another image: the names of images depend on it. */
const ASSEMBLY = 4;

/** The base image of a request, built when the machine does not have it. */
export async function ensureBaseImage(
  request: BaseRequest,
  lock: Lock,
  context: BuilderContext,
  { emit, signal }: { readonly emit: Emit; readonly signal?: AbortSignal | undefined },
): Promise<BuiltImage> {
  const locked = lockedImageFor(lock, request, context.architecture);
  if (locked === undefined) {
    throw new HowdahError("image/package-unknown", `The lock file pins no packages for the ${request.kind} image that the site asks for`, {
      hint: "Run `howdah pin` to bring the lock file up to date.",
    });
  }
  const recipeHash = await recipeHashOf(locked, context.entrypointDir);
  const reference = context.names.reference(request.kind, recipeHash);
  const id = `image/${request.kind}-${recipeHash.slice(0, 6)}`;
  const title = titleOf(locked.request);
  emit({ type: "task-started", id, title });
  try {
    await Promise.all([context.claim([reference]), keepRecipe(context.cacheDir, recipeHash, locked)]);
    const there = (await context.inspect(reference, signal)) ?? (await adoptImage(reference, context.names, signal));
    if (there !== undefined) {
      emit({ type: "task-done", id, outcome: "unchanged" });
      return { reference, digest: there.digest, sizeBytes: there.sizeBytes, built: false };
    }
    await fetchWithProgress(locked.packages, context, { id, emit, signal });
    const imageId = await assembleAndStore(locked, recipeHash, context, { id, emit, signal });
    await requireExtensions(imageId, locked.request, signal).catch(async (error: unknown) => {
      await removeImage(imageId);
      throw error;
    });
    await nameImage(imageId, reference, signal);
    const built = await inspectImage(reference, signal);
    if (built === undefined) throw new HowdahError("image/build-failed", `The image ${reference} is not there after it was built`);
    emit({ type: "task-done", id, outcome: "changed", detail: `${(built.sizeBytes / 1e6).toFixed(1)} MB` });
    return { reference, digest: built.digest, sizeBytes: built.sizeBytes, built: true };
  } catch (error) {
    if (error instanceof HowdahError) emit({ type: "task-failed", id, code: error.code, message: error.message });
    throw error;
  }
}

/** The identity of an image: the request, the exact packages, the entrypoint program, and our way of assembling them. */
export async function recipeHashOf(locked: LockedImage, entrypointDir: string): Promise<string> {
  const packages = locked.packages.map(({ name, version, sha256 }) => [name, version, sha256]);
  const entrypoint = await entrypointHash(locked.request.kind, entrypointDir);
  return contentHash([ASSEMBLY, locked.request, locked.suite, locked.architecture, packages, entrypoint]).slice(0, 16);
}

async function assembleAndStore(
  locked: LockedImage,
  recipeHash: string,
  context: BuilderContext,
  { id, emit, signal }: { readonly id: string; readonly emit: Emit; readonly signal?: AbortSignal | undefined },
): Promise<string> {
  const workDir = await context.newWorkDir();
  try {
    return await namingDiskFull(workDir, async () => {
      await mkdir(workDir, { recursive: true });
      const tree = await ImageTree.open(join(workDir, "spool"));
      try {
        await assembleBase(locked, tree, {
          cacheDir: context.cacheDir,
          entrypointDir: context.entrypointDir,
          signal,
          onProgress: (done) => {
            if (done % 10 === 0) emit({ type: "task-progress", id, detail: `unpacked ${done} of ${locked.packages.length} packages` });
          },
        });
        emit({ type: "task-progress", id, detail: "checking libraries" });
        await requireLibraries(tree, locked.architecture, `The image for ${titleOf(locked.request)}`);
        const tar = join(workDir, "layer.tar");
        const written = await writeTar(sourcesOf(tree), tar, signal);
        emit({ type: "task-progress", id, detail: `storing ${(written.size / 1e6).toFixed(0)} MB` });
        const config = baseConfig(locked.request, recipeHash);
        const layers = [{ diffId: `sha256:${written.sha256}`, size: written.size, file: tar }];
        const documents = imageDocuments({ architecture: locked.architecture, config, layers });
        await storeImages([{ reference: null, documents, layers }], workDir, signal);
        return documents.id;
      } finally {
        await tree.close();
      }
    });
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

function titleOf(request: BaseRequest): string {
  switch (request.kind) {
    case "php":
      return `PHP ${request.version} with ${request.extensions.length} extensions`;
    case "nginx":
      return request.modules.length === 0 ? "nginx" : `nginx with ${request.modules.join(", ")}`;
    case "mariadb":
      return `MariaDB ${request.version}`;
    case "mariadb-backup":
      return `MariaDB ${request.version} with mariadb-backup`;
    case "galera":
      return `MariaDB ${request.version} with Galera`;
    case "valkey":
      return "Valkey, for sessions";
    case "haproxy":
      return "HAProxy, in front of databases";
    case "php-builder":
      return `builder for PHP ${request.version}`;
    case "node-builder":
      return `builder for Node ${request.version}`;
    case "data-mover":
      return "rsync, for moving data";
    case "operator":
      return "what the operator's Node needs";
    case "storage":
      return "what a node's storage driver needs";
    default:
      return unreachable(request);
  }
}
