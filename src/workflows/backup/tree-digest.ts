import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { extract, type Header } from "tar-stream";

/** What a directory holds: the hash is of the sorted list of names, sizes and the files' own hashes. */
export interface TreeDigest {
  readonly files: number;
  readonly bytes: number;
  readonly sha256: string;
}

interface Seen {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** Reads a tar to its end, and fails for one that breaks off. */
export async function digestTar(source: Readable): Promise<TreeDigest> {
  const archive = extract();
  const fed = pipeline(source, archive);
  fed.catch(() => {}); // awaited below
  const seen: Seen[] = [];
  for await (const given of archive) {
    const entry = given as unknown as Readable & { readonly header: Header };
    if (entry.header.type === "file") seen.push(await digestFile(entry, entry.header.name));
    else entry.resume();
  }
  await fed;
  return summed(seen);
}

/** Reads what really lies below a directory of this machine. */
export async function digestDirectory(directory: string): Promise<TreeDigest> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const seen: Seen[] = [];
  for (const entry of entries) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile()) seen.push(await digestFile(createReadStream(path), path.slice(directory.length + 1)));
  }
  return summed(seen);
}

async function digestFile(source: Readable, name: string): Promise<Seen> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of source as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { name: name.replace(/^\.\//, ""), bytes, sha256: hash.digest("hex") };
}

function summed(seen: readonly Seen[]): TreeDigest {
  const lines = seen.map(({ name, bytes, sha256 }) => `${JSON.stringify(name)} ${String(bytes)} ${sha256}\n`).sort();
  const sha256 = createHash("sha256").update(lines.join("")).digest("hex");
  return { files: seen.length, bytes: seen.reduce((sum, one) => sum + one.bytes, 0), sha256 };
}
