import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { downloadBlob } from "./download-blob.ts";
import { fetchManifest, type FetchedManifest } from "./fetch-manifest.ts";
import { type Manifest, selectPlatform } from "./manifest.ts";
import type { Patience } from "./persist.ts";
import type { RegistrySession } from "./registry-session.ts";

/** Where an image is pulled from and to. */
export interface PullContext {
  readonly session: RegistrySession;
  readonly path: string;
  readonly digest: string;
  /** Go's name: `amd64`, `arm64`. */
  readonly architecture: string;
  /** Becomes an OCI layout; what it held is gone. */
  readonly directory: string;
  readonly patience: Patience;
  /** Bytes that came, of how many. */
  readonly onBytes: (received: number, total: number) => void;
}

type ImageManifest = FetchedManifest & { readonly manifest: Extract<Manifest, { kind: "image" }> };

/** Fetches one image by digest as an OCI layout; of a list of platforms only ours. Answers the image's own digest. Errors: `registry/*`. */
export async function pullImage(context: PullContext): Promise<string> {
  const { directory, onBytes } = context;
  const found = await imageManifest(context);
  const { config, layers } = found.manifest;
  const blobs = join(directory, "blobs", "sha256");
  await rm(directory, { recursive: true, force: true });
  await mkdir(blobs, { recursive: true });
  const wanted = [...new Map([config, ...layers].map((blob) => [blob.digest, blob])).values()];
  const total = wanted.reduce((sum, blob) => sum + blob.size, 0);
  let received = 0;
  for (const blob of wanted) {
    const file = join(blobs, blob.digest.replace("sha256:", ""));
    const counted = (count: number): void => onBytes((received += count), total);
    await downloadBlob(blob, file, { ...context, onBytes: counted });
  }
  await writeFile(join(blobs, found.digest.replace("sha256:", "")), found.bytes);
  const entry = { mediaType: found.mediaType, digest: found.digest, size: found.bytes.length };
  await writeFile(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, manifests: [entry] }));
  await writeFile(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  return found.digest;
}

async function imageManifest({ session, path, digest, architecture, patience }: PullContext): Promise<ImageManifest> {
  const first = await fetchManifest(session, path, digest, patience);
  if (first.manifest.kind === "image") return { ...first, manifest: first.manifest };
  const ours = selectPlatform(first.manifest.manifests, architecture);
  if (ours === undefined) throw new HowdahError("registry/not-found", `${session.host}/${path} has no image for Linux on ${architecture}`);
  const second = await fetchManifest(session, path, ours.digest, patience);
  if (second.manifest.kind === "image") return { ...second, manifest: second.manifest };
  throw new HowdahError("registry/refused", `${session.host}/${path} has a list of platforms within a list of platforms`);
}
