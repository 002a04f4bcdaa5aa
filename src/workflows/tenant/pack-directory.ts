import { createReadStream } from "node:fs";
import { lstat, open, readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Pack, pack } from "tar-stream";
import { digesting } from "../../providers/digesting.ts";

/** A file of an archive. */
export interface PackedFile {
  readonly path: string;
  readonly bytes: number;
  readonly sha256: string;
}

/**
 * Writes a directory of ours as a tar, sorted, and last what `manifest` says of its files: checksums are of the very bytes that went in. Answers when
 * it is on disk.
 */
export async function packDirectory(
  directory: string,
  target: string,
  manifest: (files: readonly PackedFile[]) => string,
): Promise<{ readonly files: readonly PackedFile[]; readonly bytes: number }> {
  const archive = pack();
  const sink = (await open(target, "wx", 0o600)).createWriteStream({ flush: true });
  const written = pipeline(archive, sink);
  written.catch(() => undefined); // awaited below
  const files: PackedFile[] = [];
  const fill = async (): Promise<void> => {
    for (const path of await filesBelow(directory)) {
      if (path.endsWith("/")) await entryOf(archive, { name: path, type: "directory", mode: 0o755, size: 0 }, undefined);
      else files.push(await packFile(archive, directory, path));
    }
    const text = manifest(files);
    await entryOf(archive, { name: "manifest.json", mode: 0o644, size: Buffer.byteLength(text), type: "file" }, text);
    archive.finalize();
  };
  await Promise.race([fill(), written]);
  await written;
  return { files, bytes: sink.bytesWritten };
}

/** Directories end with `/`, and come before what is in them. */
async function filesBelow(directory: string, prefix = ""): Promise<readonly string[]> {
  const found: string[] = [];
  const entries = await readdir(join(directory, prefix), { withFileTypes: true });
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = `${prefix}${entry.name}`;
    if (entry.isDirectory()) found.push(`${path}/`, ...(await filesBelow(directory, `${path}/`)));
    else if (entry.isFile()) found.push(path);
  }
  return found;
}

async function packFile(archive: Pack, directory: string, path: string): Promise<PackedFile> {
  const { size, mtime } = await lstat(join(directory, path));
  const digest = digesting();
  await new Promise<void>((resolve, reject) => {
    const entry = archive.entry({ name: path, type: "file", mode: 0o644, size, mtime }, (error) => {
      if (error) reject(error);
      else resolve();
    });
    pipeline(createReadStream(join(directory, path)), digest.through, entry as unknown as Writable).catch(reject);
  });
  return { path, bytes: size, sha256: digest.result().sha256 };
}

async function entryOf(
  archive: Pack,
  header: { readonly name: string; readonly type: "file" | "directory"; readonly mode: number; readonly size: number },
  text: string | undefined,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error | null): void => (error ? reject(error) : resolve());
    if (text === undefined) archive.entry({ ...header }, "", done);
    else archive.entry({ ...header }, text, done);
  });
}
