import type { CacheFact, ContainerFact, ImageFact } from "../plan/prune/image-world.ts";
import type { Lock } from "./image-lock.ts";

/** An image of the storage with the labels of its configuration. */
export interface StoredFact extends ImageFact {
  readonly labels: Readonly<Record<string, string>>;
}

/** What the machine's storage holds, whoever put it there. */
export interface StoreFacts {
  readonly images: readonly StoredFact[];
  readonly containers: readonly ContainerFact[];
  /** References of this instance that processes need which build now. */
  readonly claimed: readonly string[];
}

/** What the cache holds. */
export interface CacheFacts {
  readonly caches: readonly CacheFact[];
  /** Packages (sha256) by the recipe of an image. */
  readonly recipes: ReadonlyMap<string, readonly string[]>;
}

/**
 * The machine's storage of images and the cache that images are made with, as far as one must know them to tell what may go. Removing images
 * is the image builder's. Errors: `machine/tool-missing`, `machine/tool-failed`, `cancelled`.
 */
export interface ImageStore {
  read(signal?: AbortSignal): Promise<StoreFacts>;
  /** Errors: none for what can't be read: it is left out, and stays. */
  readCache(): Promise<CacheFacts>;
  /** The base images and builders that a lock pins, by their names here, and the packages (sha256) that they are made from. */
  pinnedBy(lock: Lock): Promise<{ readonly references: readonly string[]; readonly packages: readonly string[] }>;
  /** Removes things of the cache that nobody has used since they were read; answers those that are gone. */
  removeFromCache(caches: readonly CacheFact[], signal?: AbortSignal): Promise<readonly CacheFact[]>;
}
