import { createHash } from "node:crypto";
import * as z from "zod";
import { isDigest } from "../../kernel/image-reference.ts";
import { OCI_INDEX, OCI_MANIFEST } from "../registry/manifest.ts";
import type { Pushable } from "../registry/registry.ts";
import type { BlobSource } from "../registry/upload-blob.ts";

const descriptor = z.object({
  mediaType: z.string().max(255),
  digest: z.string().refine(isDigest, "is no sha256 digest"),
  size: z.int().min(0),
  artifactType: z.string().max(255).optional(),
  annotations: z.record(z.string(), z.string()).optional(),
});

/** A thing in a registry, with what is said of it. */
export type Descriptor = z.infer<typeof descriptor>;

/** Media type and annotation of cosign's signatures, media type of its attestations. */
export const SIGNATURE = "application/vnd.dev.cosign.simplesigning.v1+json";
export const SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature";
export const ENVELOPE = "application/vnd.dsse.envelope.v1+json";

const CONFIG = "application/vnd.oci.image.config.v1+json";
/** The specification's own: `{}`. */
const EMPTY = { mediaType: "application/vnd.oci.empty.v1+json", bytes: Buffer.from("{}") };

/** A document that is attached to an image. */
export interface Attachment {
  /** Says what it is: `application/spdx+json`. */
  readonly mediaType: string;
  readonly bytes: Uint8Array;
}

/** An artifact of OCI 1.1: one document, and the image that it is about. The same document is the same artifact. */
export function artifactOf(
  { mediaType, bytes }: Attachment,
  subject: Descriptor,
): { readonly image: Pushable; readonly entry: Descriptor } {
  const manifest = Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI_MANIFEST,
      artifactType: mediaType,
      config: described(EMPTY.mediaType, EMPTY.bytes),
      layers: [described(mediaType, bytes)],
      subject: { mediaType: subject.mediaType, digest: subject.digest, size: subject.size },
    }),
  );
  return {
    image: { manifest: { mediaType: OCI_MANIFEST, digest: digestOf(manifest), bytes: manifest }, blobs: [EMPTY.bytes, bytes].map(blobOf) },
    entry: { ...described(OCI_MANIFEST, manifest), artifactType: mediaType },
  };
}

/** Signatures or attestations as cosign keeps them: an image whose layers they are. */
export function layeredImage(layers: readonly Descriptor[], documents: readonly Uint8Array[]): Pushable {
  const zero = "0001-01-01T00:00:00Z"; // cosign's: no clock
  const config = Buffer.from(
    JSON.stringify({
      architecture: "",
      created: zero,
      history: layers.map(() => ({ created: zero })),
      os: "",
      rootfs: { type: "layers", diff_ids: layers.map(({ digest }) => digest) },
      config: {},
    }),
  );
  const manifest = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config: described(CONFIG, config), layers }));
  return { manifest: { mediaType: OCI_MANIFEST, digest: digestOf(manifest), bytes: manifest }, blobs: [config, ...documents].map(blobOf) };
}

/** The list of what is attached to an image, for registries that keep none themselves: `entries` after what is in `former`, each once. */
export function referrersIndex(former: Uint8Array | undefined, entries: readonly Descriptor[]): Pushable {
  const there = former === undefined ? [] : descriptorsIn(former, "manifests");
  const all = new Map([...there, ...entries].map((entry) => [entry.digest, entry]));
  const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [...all.values()] }));
  return { manifest: { mediaType: OCI_INDEX, digest: digestOf(bytes), bytes }, blobs: [] };
}

/** The layers of a manifest, or the manifests of an index; what is damaged counts as nothing. */
export function descriptorsIn(manifest: Uint8Array, list: "layers" | "manifests"): readonly Descriptor[] {
  try {
    const value = JSON.parse(Buffer.from(manifest).toString("utf8")) as Readonly<Record<string, unknown>>;
    return z.array(descriptor).max(MOST).parse(value[list]);
  } catch {
    return [];
  }
}

/** More signatures than that has no image. */
const MOST = 1000;

/** What a registry needs to know of some bytes. */
export function described(mediaType: string, bytes: Uint8Array): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.length };
}

function blobOf(bytes: Uint8Array): BlobSource {
  return { digest: digestOf(bytes), size: bytes.length, open: (from) => once(bytes.subarray(from)) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}
