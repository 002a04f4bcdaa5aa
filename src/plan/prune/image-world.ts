/** A layer in the machine's storage. */
export interface LayerFact {
  /** sha256 of the uncompressed tar, `sha256:…`. */
  readonly diffId: string;
  /** The layer together with all below it: a storage keeps the same tar once for each place that it lies at. */
  readonly key: string;
  /** Uncompressed bytes; 0 when the storage does not tell. */
  readonly bytes: number;
}

/** What an image is for. `half`: made by a build that was killed before it got its name. */
export type ImageKind = "base" | "site" | "builder" | "system" | "half" | "other";

/** An image of the machine's storage, whoever made it. */
export interface ImageFact {
  readonly id: string;
  readonly digest: string;
  readonly kind: ImageKind;
  /** Name of the site whose code it holds. */
  readonly site: string | null;
  /** Names that this instance has given it. */
  readonly own: readonly string[];
  /** Names that others have given it: other instances, people. */
  readonly others: readonly string[];
  /** Base first. */
  readonly layers: readonly LayerFact[];
  /** Hash of the recipe and the packages that it, or its base, was made from. */
  readonly recipe: string | null;
  /** Milliseconds since 1970; null when the storage does not tell. */
  readonly storedAt: number | null;
}

/** A container of the machine, whoever's it is. */
export interface ContainerFact {
  readonly name: string;
  readonly imageId: string;
  readonly running: boolean;
}

/** An image that something may need again, with the reason in a few words: `release r7 of shop`. */
export interface ImageNeed {
  readonly reference: string;
  readonly because: string;
}

/** What a thing in a cache belongs to, which decides whether it is of any use. */
export type CacheOwner =
  /** A layer that was prepared for registries. */
  | { readonly kind: "layer"; readonly diffId: string }
  /** An image's configuration, for the same. */
  | { readonly kind: "configuration"; readonly imageId: string }
  /** A Debian package. */
  | { readonly kind: "package"; readonly sha256: string }
  /** The list of packages that an image was made from. */
  | { readonly kind: "recipe"; readonly recipe: string }
  /** What may be of use again for any tree: compressed copies, caches of build hooks, memories of builds. */
  | { readonly kind: "reusable"; readonly what: string }
  /** Work of a process; `alive` while it may go on with it. */
  | { readonly kind: "leftover"; readonly alive: boolean }
  /** Compiled code of one image on this machine. */
  | { readonly kind: "compiled"; readonly site: string; readonly used: boolean };

/** One thing in a cache. */
export interface CacheFact {
  /** Unique: a path below the cache, or the name of compiled code. */
  readonly id: string;
  readonly owner: CacheOwner;
  /** Bytes on disk. */
  readonly bytes: number;
  /** When it was written or last used, milliseconds since 1970. */
  readonly usedAt: number;
}

/** Everything that decides what may go. */
export interface ImageWorld {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly images: readonly ImageFact[];
  readonly containers: readonly ContainerFact[];
  readonly needs: readonly ImageNeed[];
  /** Packages (sha256) by the recipe of an image; images that an older Howdah made have none. */
  readonly recipes: ReadonlyMap<string, readonly string[]>;
  /** Packages that lock files of this instance's sites pin. */
  readonly lockedPackages: ReadonlySet<string>;
  readonly caches: readonly CacheFact[];
}
