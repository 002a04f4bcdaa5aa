import { type FileHandle, open } from "node:fs/promises";
import type { ImageDocuments } from "./image-manifest.ts";
import { padding, tarEnd, tarHeader } from "./tar-header.ts";

/** A layer's file that goes into an archive. */
export interface ArchivedLayer {
  /** sha256 of the file, in hex. */
  readonly sha256: string;
  readonly size: number;
  readonly file: string;
}

/**
 * Writes an image as an OCI archive: one file that podman takes with the image's name in it, so that nothing has to be tagged afterwards.
 * Only layers that the storage lacks need to be in it. Without a name, the image has none.
 */
export async function writeOciArchive(
  file: string,
  {
    documents,
    name,
    layers,
  }: { readonly documents: ImageDocuments; readonly name: string | undefined; readonly layers: readonly ArchivedLayer[] },
): Promise<void> {
  const { id, config, digest, manifest } = documents;
  const entry = {
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    digest: `sha256:${digest}`,
    size: manifest.length,
    ...(name === undefined ? {} : { annotations: { "org.opencontainers.image.ref.name": name } }),
  };
  const archive = await open(file, "wx", 0o600);
  try {
    await addDirectory(archive, "blobs/");
    await addDirectory(archive, "blobs/sha256/");
    await addBytes(archive, "oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}'));
    await addBytes(archive, "index.json", Buffer.from(JSON.stringify({ schemaVersion: 2, manifests: [entry] })));
    await addBytes(archive, `blobs/sha256/${id}`, config);
    await addBytes(archive, `blobs/sha256/${digest}`, manifest);
    for (const layer of layers) await addFile(archive, layer);
    await archive.writeFile(tarEnd());
  } finally {
    await archive.close();
  }
}

async function addDirectory(archive: FileHandle, name: string): Promise<void> {
  await archive.writeFile(tarHeader({ name, type: "directory", mode: 0o755, size: 0, mtime: 0, target: "" }));
}

async function addBytes(archive: FileHandle, name: string, bytes: Buffer): Promise<void> {
  await archive.writeFile(Buffer.concat([headerOf(name, bytes.length), bytes, padding(bytes.length)]));
}

async function addFile(archive: FileHandle, { sha256, size, file }: ArchivedLayer): Promise<void> {
  await archive.writeFile(headerOf(`blobs/sha256/${sha256}`, size));
  const source = await open(file, "r");
  try {
    const buffer = Buffer.allocUnsafe(1 << 20);
    for (let { bytesRead } = await source.read(buffer); bytesRead > 0; { bytesRead } = await source.read(buffer)) {
      await archive.writeFile(buffer.subarray(0, bytesRead));
    }
  } finally {
    await source.close();
  }
  await archive.writeFile(padding(size));
}

function headerOf(name: string, size: number): Buffer {
  return tarHeader({ name, type: "file", mode: 0o644, size, mtime: 0, target: "" });
}
