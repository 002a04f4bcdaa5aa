import type { StorageDriver, VolumeUsage } from "./dataset-storage.ts";

/** How a copy is made: nobody ever writes to a snapshot; a clone is written to. */
export interface CopyOptions {
  readonly readOnly: boolean;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The part in which storages differ: making, copying, measuring and removing one tree of files. Names, what is visible and what a killed process
 * left are the business of `directoryStorage`. Paths are absolute and of our own making; what is in the trees is anybody's.
 */
export interface TreeCopier {
  readonly driver: StorageDriver;
  readonly atomicSnapshot: boolean;
  readonly cloneCost: "constant" | "files" | "bytes";
  /** Makes an empty tree where nothing is. */
  create(path: string): Promise<void>;
  /** Makes a tree where nothing is, with the content of another. What it made when it fails is the caller's to remove. */
  copy(from: string, to: string, options: CopyOptions): Promise<void>;
  /** How many bytes of room a copy takes at once. */
  needs(from: string, signal?: AbortSignal): Promise<number>;
  /** Removes a tree, half made and immutable ones too. Nobody sees it any more; it may be gone already. */
  remove(path: string): Promise<void>;
  usage(path: string, signal?: AbortSignal): Promise<VolumeUsage>;
  /** Brings what was made to the disk. */
  sync(path: string): Promise<void>;
}
