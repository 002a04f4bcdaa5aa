import type { ImageReference, Repository } from "../../kernel/image-reference.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { BlobSource } from "./upload-blob.ts";

/** Bytes. Bills of materials have megabytes, twice as many in an envelope. */
export const LONGEST_DOCUMENT = 64 * 1024 * 1024;

/** What every call has beside its subject. */
export interface RegistryCall {
  /** Told how far it is, a line at a time: bytes. */
  readonly progress: (words: string) => void;
  /** Told what a person should know: that it waits and for what, that a mirror does not help. */
  readonly notice: (words: string) => void;
  readonly signal: AbortSignal;
  /** Credentials from a secret: `.dockerconfigjson`, or `username` and `password`. Without them the auth files are asked. */
  readonly secret?: Readonly<Record<string, Secret>>;
}

/** Something to be pushed: a manifest and everything it names, digests included. */
export interface Pushable {
  readonly manifest: { readonly mediaType: string; readonly digest: string; readonly bytes: Uint8Array };
  readonly blobs: readonly BlobSource[];
}

/** What a push did. Bytes are of compressed blobs; those of `sent` are counted on the wire, so that a repeated chunk counts twice. */
export interface Pushed {
  /** `registry.example.org/team/blog/web`. */
  readonly repository: string;
  readonly digest: string;
  readonly tags: readonly string[];
  readonly bytes: { readonly sent: number; readonly existing: number; readonly mounted: number };
  readonly blobs: { readonly sent: number; readonly existing: number; readonly mounted: number };
}

/** A manifest, byte by byte. */
export interface FetchedDocument {
  readonly mediaType: string;
  readonly digest: string;
  readonly bytes: Uint8Array;
}

/** A pulled image: an OCI layout in a directory. */
export interface Pulled {
  /** Digest of the image's own manifest, also when the name stood for a list of platforms. */
  readonly digest: string;
  /** Where it came from: the registry itself, or one of its mirrors. */
  readonly from: string;
}

/**
 * Registries, as far as Howdah needs them. Everything waits for what may pass (429, 5xx, broken connections) and says so; everything that
 * came is verified by its digest. Errors: `registry/*`, `machine/disk-full`, `cancelled`.
 */
export interface Registry {
  /** The digest that a name stands for now. */
  resolve(reference: ImageReference, call: RegistryCall): Promise<string>;
  /** Fetches an image by digest into an OCI layout that is made in `directory`, for Linux on `architecture` (Go's name). */
  pull(
    reference: ImageReference & { readonly digest: string },
    to: { readonly directory: string; readonly architecture: string },
    call: RegistryCall,
  ): Promise<Pulled>;
  /** Brings an image into a repository under its digest and these tags. `mountFrom`: repositories there that may have some of it. */
  push(
    image: Pushable,
    to: Repository & { readonly tags: readonly string[] },
    call: RegistryCall & { readonly mountFrom?: readonly string[] },
  ): Promise<Pushed>;
  /** A manifest by tag or digest, as it is; undefined when the repository has none of that name. Never from a mirror. */
  manifest(from: Repository, name: string, call: RegistryCall): Promise<FetchedDocument | undefined>;
  /** A document of at most {@link LONGEST_DOCUMENT} by its digest, verified. Never from a mirror. */
  document(from: Repository, blob: { readonly digest: string; readonly size: number }, call: RegistryCall): Promise<Uint8Array>;
  /** Whether the registry itself lists what is attached to an image (the referrers API of OCI 1.1). */
  listsReferrers(from: Repository, digest: string, call: RegistryCall): Promise<boolean>;
  /** Frees connections. */
  close(): Promise<void>;
}
