import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { ExportedImage } from "../image-builder.ts";
import { IMAGE_EPOCH } from "./image-epoch.ts";
import { padding, tarEnd, tarHeader } from "./tar-header.ts";

/** One file of a program. */
export interface ProgramFile {
  /** In the image, without a slash at its start. */
  readonly path: string;
  /** On this machine. */
  readonly from: string;
  readonly executable: boolean;
}

/** How the program starts. */
export interface ProgramStart {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

const compressed = promisify(gzip);

/**
 * An image with a program in one more layer on a base: the files alone, in the order of their names, owned by root, without a clock. The same files on
 * the same base are the same image. Errors: those of reading a file.
 */
export async function programImage(base: ExportedImage, files: readonly ProgramFile[], start: ProgramStart): Promise<ExportedImage> {
  const tar = await tarOf(files);
  const layer = await compressed(tar, { level: 6 });
  const own = {
    mediaType: LAYER,
    digest: digestOf(layer),
    size: layer.length,
    diffId: digestOf(tar),
    open: (from = 0) => once(layer, from),
  };
  const former = JSON.parse(Buffer.from(base.config.bytes).toString()) as {
    config: object;
    rootfs: { diff_ids: string[] };
    history?: object[];
  };
  const created = new Date(IMAGE_EPOCH * 1000).toISOString();
  const config = blob(base.config.mediaType, {
    ...former,
    config: {
      ...former.config,
      ...{ Entrypoint: start.entrypoint, Cmd: start.cmd, Env: start.env },
      Labels: { ...(former.config as { Labels?: object }).Labels, ...start.labels },
    },
    rootfs: { type: "layers", diff_ids: [...former.rootfs.diff_ids, own.diffId] },
    history: [...(former.history ?? []), { created, created_by: "howdah" }],
  });
  const layers = [...base.layers, own];
  const manifest = blob(base.manifest.mediaType, {
    schemaVersion: 2,
    mediaType: base.manifest.mediaType,
    config: { mediaType: config.mediaType, digest: config.digest, size: config.size },
    layers: layers.map(({ mediaType, digest, size }) => ({ mediaType, digest, size })),
  });
  return { manifest, config, layers };
}

const LAYER = "application/vnd.oci.image.layer.v1.tar+gzip";

function once(bytes: Uint8Array, from: number): Readable {
  return Readable.from([bytes.subarray(from)]);
}

function blob(mediaType: string, document: object): ExportedImage["manifest"] {
  const bytes = Buffer.from(JSON.stringify(document));
  return { mediaType, digest: digestOf(bytes), size: bytes.length, bytes };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`;
}

async function tarOf(files: readonly ProgramFile[]): Promise<Buffer> {
  const sorted = files.toSorted((a, b) => (a.path < b.path ? -1 : 1));
  const folders = new Set(
    sorted.flatMap(({ path }) =>
      path
        .split("/")
        .slice(0, -1)
        .map((_part, index, all) => all.slice(0, index + 1).join("/")),
    ),
  );
  const common = { mtime: IMAGE_EPOCH, target: "" };
  const parts: Uint8Array[] = [];
  for (const folder of [...folders].sort())
    parts.push(tarHeader({ ...common, name: `${folder}/`, type: "directory", mode: 0o755, size: 0 }));
  for (const { path, from, executable } of sorted) {
    const content = await readFile(from);
    const mode = executable ? 0o755 : 0o644;
    parts.push(tarHeader({ ...common, name: path, type: "file", mode, size: content.length }), content, padding(content.length));
  }
  return Buffer.concat([...parts, tarEnd()]);
}
