import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ExportedImage } from "../image-builder.ts";
import { IMAGE_EPOCH } from "./image-epoch.ts";
import { padding, tarEnd, tarHeader } from "./tar-header.ts";

/**
 * Writes an image as an OCI archive: what `podman load`, `ctr images import` and `skopeo copy oci-archive:FILE` read. `name` is what it is called
 * there. A file that exists is an error, as for every command that writes one.
 */
export async function writeImageArchive(image: ExportedImage, name: string, file: string, signal: AbortSignal): Promise<void> {
  await pipeline(Readable.from(archive(image, name), { objectMode: false }), createWriteStream(file, { flags: "wx", mode: 0o644 }), {
    signal,
  });
}

async function* archive({ manifest, config, layers }: ExportedImage, name: string): AsyncGenerator<Uint8Array> {
  const { mediaType, digest, size } = manifest;
  const annotations = { "io.containerd.image.name": name, "org.opencontainers.image.ref.name": name };
  const index = {
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.index.v1+json",
    manifests: [{ mediaType, digest, size, annotations }],
  };
  yield* entry("oci-layout", Buffer.from(JSON.stringify({ imageLayoutVersion: "1.0.0" })));
  yield* entry("index.json", Buffer.from(JSON.stringify(index)));
  yield directory("blobs/");
  yield directory("blobs/sha256/");
  for (const part of [manifest, config]) yield* entry(pathOf(part.digest), part.bytes);
  for (const layer of layers.filter((one, at) => layers.findIndex(({ digest }) => digest === one.digest) === at)) {
    yield header(pathOf(layer.digest), layer.size);
    for await (const chunk of layer.open()) yield chunk as Uint8Array;
    yield padding(layer.size);
  }
  yield tarEnd();
}

function pathOf(digest: string): string {
  return `blobs/${digest.replace(":", "/")}`;
}

function* entry(path: string, bytes: Uint8Array): Generator<Uint8Array> {
  yield header(path, bytes.length);
  yield bytes;
  yield padding(bytes.length);
}

function header(name: string, size: number): Buffer {
  return tarHeader({ name, type: "file", mode: 0o644, size, mtime: IMAGE_EPOCH, target: "" });
}

function directory(name: string): Buffer {
  return tarHeader({ name, type: "directory", mode: 0o755, size: 0, mtime: IMAGE_EPOCH, target: "" });
}
