import { lstat, readdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { CacheFact } from "../../plan/prune/image-world.ts";
import type { ImageStore } from "../image-store.ts";
import { recipeHashOf } from "./base-image.ts";
import { debianArchitecture } from "./debian-architecture.ts";
import { imageClaims } from "./image-claims.ts";
import { imageNames } from "./image-names.ts";
import { foreignReference } from "./foreign-image.ts";
import { readCache } from "./read-cache.ts";
import { readStorage } from "./read-storage.ts";

/** Settings of the image store, the same as the image builder's. */
export interface ImageStoreOptions {
  readonly cacheDir: string;
  readonly entrypointDir: string;
  readonly instance: string;
  readonly claimsDir: string;
}

/** Makes the view of this machine's storage and cache. */
export function createImageStore({ cacheDir, entrypointDir, instance, claimsDir }: ImageStoreOptions): ImageStore {
  const names = imageNames(instance);
  const claims = imageClaims(claimsDir);
  return {
    read: (signal) => readStorage(names, claims, signal),
    readCache: () => readCache(cacheDir, Date.now()),
    pinnedBy: async (lock) => {
      const ours = lock.images.filter(({ architecture }) => architecture === debianArchitecture());
      const bases = await Promise.all(ours.map(async (one) => names.reference(one.request.kind, await recipeHashOf(one, entrypointDir))));
      const foreign = (lock.foreign ?? []).map(({ reference, digest }) => foreignReference(reference, digest, names));
      return { references: [...bases, ...foreign], packages: ours.flatMap(({ packages }) => packages.map(({ sha256 }) => sha256)) };
    },
    removeFromCache: async (caches, signal) => {
      const gone: CacheFact[] = [];
      for (const cache of caches) {
        signal?.throwIfAborted();
        if (await remove(cacheDir, cache)) gone.push(cache);
      }
      return gone;
    },
  };
}

/** False when it was used since it was read: then it stays. */
async function remove(cacheDir: string, { id, owner, usedAt }: CacheFact): Promise<boolean> {
  const path = join(cacheDir, id);
  const paths = owner.kind === "layer" ? await filesOfLayer(path) : [path];
  const found = await Promise.all(paths.map((one) => lstat(one).catch(() => undefined)));
  if (found.some((one) => one !== undefined && one.mtimeMs > usedAt)) return false;
  for (const one of paths) await rm(one, { recursive: true, force: true });
  return true;
}

async function filesOfLayer(path: string): Promise<readonly string[]> {
  const directory = dirname(path);
  const prefix = `${path.slice(directory.length + 1)}.`;
  const names = await readdir(directory).catch(() => []);
  return names
    .filter((name) => name.startsWith(prefix) && !name.endsWith(".config") && !name.endsWith(".part"))
    .map((name) => join(directory, name));
}
