import type { Readable, Writable } from "node:stream";
import type { Secret } from "../../kernel/secret.ts";

/** Where backups lie. */
export type StoreLocation =
  | { readonly kind: "directory"; readonly path: string }
  | {
      readonly kind: "sftp";
      readonly user: string;
      readonly host: string;
      readonly port: number;
      readonly path: string;
      /** A configuration file of OpenSSH; null: the machine's own, as `ssh` of the same user has it. */
      readonly sshConfig: string | null;
    }
  | { readonly kind: "s3"; readonly endpoint: string; readonly bucket: string; readonly prefix: string };

/** A place and what opens it. */
export interface StoreAccess {
  readonly location: StoreLocation;
  /** Everything in the store is encrypted with it. */
  readonly password: Secret;
  /** Of S3. */
  readonly keys: { readonly id: Secret; readonly secret: Secret } | null;
}

/** One thing that was saved, whole. */
export interface SavedPart {
  readonly id: string;
  /** RFC 3339. */
  readonly time: string;
  readonly tags: readonly string[];
  /** What it is of: a name, or a directory of the machine that saved it. */
  readonly paths: readonly string[];
}

/**
 * An encrypted store of whole things. Every adapter passes backupRepositoryContract.
 * Errors: `backup/store-unreachable`, `backup/store-refused`, `backup/damaged`, `machine/disk-full`, `machine/tool-missing`, `cancelled`.
 */
export interface BackupRepository {
  /** Makes the store where there is none; proves that it opens. Answers whether it was made. */
  ensure(signal: AbortSignal): Promise<boolean>;
  /**
   * Saves what `produce` writes, under a name and tags. Nothing is saved when `produce` fails: its end is only told to the store
   * when it has judged what it wrote.
   */
  save(part: { readonly name: string; readonly tags: readonly string[] }, produce: Produce, signal: AbortSignal): Promise<SavedPart>;
  /** Saves a directory of this machine; what it shares with a former one costs nothing. */
  saveDirectory(directory: string, tags: readonly string[], signal: AbortSignal): Promise<SavedPart>;
  /** The bytes of a part. Read the stream to its end, then await `done`: only then they were all there and unharmed. */
  read(id: string, name: string, signal: AbortSignal): { readonly stream: Readable; readonly done: Promise<void> };
  /** Writes a saved directory's content into `target`. */
  readDirectory(id: string, directory: string, target: string, signal: AbortSignal): Promise<void>;
  /** What has all of these tags, oldest first. */
  list(tags: readonly string[], signal: AbortSignal): Promise<readonly SavedPart[]>;
  /** Forgets parts; `prune` frees their space, which takes a while. */
  forget(ids: readonly string[], options: { readonly prune: boolean }, signal: AbortSignal): Promise<void>;
  /** Reads the structure of the whole store, and with `everything` each byte of it. */
  check(options: { readonly everything: boolean }, signal: AbortSignal): Promise<void>;
}

/** Writes everything to `sink` and resolves when it was whole; the caller ends the sink. */
export type Produce = (sink: Writable) => Promise<void>;
