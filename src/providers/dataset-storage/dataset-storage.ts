/** How volumes are copied: by btrfs' snapshots, file by file with shared extents (XFS, btrfs), or byte by byte. */
export type StorageDriver = "btrfs" | "reflink" | "copy";

/** What a storage can do and where it is; for `howdah dataset storage` and for choosing how to copy. */
export interface StorageFacts {
  readonly driver: StorageDriver | "claims";
  /** The directory that everything lies in. */
  readonly root: string;
  /** The file that holds a file system of our own, where the disk's can't copy on write; else null. */
  readonly loopFile: string | null;
  /** Whether a copy costs nothing until it is written to. */
  readonly copyOnWrite: boolean;
  /** Whether `snapshot` of a volume that is being written to is of one moment. Where it isn't, nobody may write meanwhile. */
  readonly atomicSnapshot: boolean;
  /** What a clone's time grows with. */
  readonly cloneCost: "constant" | "files" | "bytes";
  /** Bytes that can still be written. */
  readonly freeBytes: number;
  /** What a person should know, in plain sentences: that it is slow, that something is missing. */
  readonly warnings: readonly string[];
}

/** Something that a storage keeps. A volume is writable and began empty, a clone is writable and began as a snapshot. */
export interface StoredVolume {
  readonly id: string;
  readonly kind: "volume" | "snapshot" | "clone";
  /** The volume that a snapshot is of, the snapshot that a clone is of (it need not be there any more); null for volumes. */
  readonly source: string | null;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** Bytes on the disk. */
export interface VolumeUsage {
  /** What only this one holds: what its destruction would free. Equal to `totalBytes` where nothing is shared. */
  readonly ownBytes: number;
  /** What it would take alone. */
  readonly totalBytes: number;
}

/**
 * Directories that can be copied in an instant: the data of golden datasets and of the environments that are made of them. Each is either a data
 * directory of MariaDB or a tree of uploads, with owners, modes, times, links, holes and extended attributes of container users.
 *
 * All of them share one set of ids (see `storage-id.ts`: small letters, digits, `.` and `-`, 128 at most). Every operation can be repeated after
 * the process was killed: what was asked for is there whole or not at all, and asking again for what is there answers as the first time.
 * What is destroyed or moved here must not be mounted in a container any more; the storage can't see that. Symbolic links in
 * volumes are copied, never followed. Every adapter passes datasetStorageContract.
 *
 * Errors: `dataset/storage-full`, `dataset/storage-missing` (no such id), `dataset/storage-taken` (the id is something else), `dataset/storage-broken`
 * (it can't be reached or is damaged), `machine/tool-missing`, `cancelled`.
 */
export interface DatasetStorage {
  /** `claims`: a cluster's; what its snapshots and clones hold is seen only by containers that mount them. */
  readonly driver: StorageDriver | "claims";
  probe(): Promise<StorageFacts>;
  /** An empty writable directory, of root and with mode 0755 until whoever fills it changes that; what is in one that exists is kept. */
  createVolume(id: string, signal?: AbortSignal): Promise<string>;
  /**
   * An immutable copy of a volume or clone as it is now, durable when this resolves; answers its directory, which may be mounted read-only.
   * Servers that write to it have ended before, cleanly, but where `probe` says `atomicSnapshot`.
   */
  snapshot(volume: string, id: string, signal?: AbortSignal): Promise<string>;
  /** A writable directory with a snapshot's content. */
  clone(snapshot: string, id: string, signal?: AbortSignal): Promise<string>;
  /** Where one lies. Never changes while it is there. Error: `dataset/storage-missing`. */
  directory(id: string): Promise<string>;
  /** Reads the maps of all its files: a second for 20,000 of them. */
  usage(id: string, signal?: AbortSignal): Promise<VolumeUsage>;
  /**
   * Takes one away, whatever was made of it: copies don't need their source. Resolves when its name is free again, and says whether
   * it was there; its space is freed afterwards (see `freed`).
   */
  destroy(id: string): Promise<boolean>;
  /** Resolves when the space of all that was destroyed is free. A process that ends before leaves the rest to the next one. */
  freed(): Promise<void>;
  /** What there is, ordered by id. */
  list(): Promise<readonly StoredVolume[]>;
}
