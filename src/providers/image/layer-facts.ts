import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { text as textOf } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { extract } from "tar-stream";
import { CODE_ROOT } from "../../kernel/label.ts";
import { parseJson } from "../../kernel/parse-json.ts";
import { parseCopyright, parseOsRelease, type PackageRecord, parseStatus } from "./debian-records.ts";

/** What one file of an image tells: of the distribution, of packages and their licences, of libraries. */
export type Fact =
  | { readonly kind: "packages"; readonly packages: readonly PackageRecord[] }
  | { readonly kind: "licences"; readonly package: string; readonly licences: readonly string[] }
  | { readonly kind: "distribution"; readonly distribution: { readonly id: string; readonly version: string } | null }
  | { readonly kind: "libraries"; readonly path: string; readonly text: string };

/** The facts of one layer, by path; `null` where it removes a file or directory that a layer below has. */
export type LayerFacts = Readonly<Record<string, Fact | null>>;

/** A layer as an export has it. */
interface Layer {
  readonly diffId: string;
  readonly size: number;
  readonly open: (from?: number) => Readable;
}

/** Raised when the facts take another form. */
const FORM = 1;
/** Smaller layers are read again faster than they are worth a file. Bytes, compressed. */
const WORTH_KEEPING = 100_000;
/** A longer file is no list of packages. Bytes. */
const LONGEST = 32 * 1024 * 1024;

/** Reads what a layer tells; of a large one it is remembered, since a layer never changes. */
export async function layerFacts(layer: Layer, cacheDir: string, signal?: AbortSignal): Promise<LayerFacts> {
  const file = join(cacheDir, "layers", `${layer.diffId.replace(/^sha256:/, "")}.facts-${String(FORM)}.json`);
  const kept = layer.size < WORTH_KEEPING ? undefined : await readFile(file, "utf8").catch(() => undefined);
  const known = kept === undefined ? undefined : parseJson(kept); // undefined as well when it was cut off while it was written
  if (known !== undefined) return known as LayerFacts;
  const facts: Record<string, Fact | null> = {};
  const reader = extract();
  const read = async (): Promise<void> => {
    for await (const entry of reader) {
      const path = entry.header.name.replace(/^\.?\/+/, "").replace(/\/+$/, "");
      const gone = /^(.*\/)?\.wh\.([^/]+)$/.exec(path);
      if (gone !== null) facts[gone[2] === ".wh..opq" ? (gone[1] ?? "").slice(0, -1) : `${gone[1] ?? ""}${gone[2] ?? ""}`] = null;
      const wanted = entry.header.type === "file" && (entry.header.size ?? 0) <= LONGEST ? readerFor(path) : undefined;
      if (wanted !== undefined) facts[path] = wanted(await textOf(entry));
      entry.resume();
    }
  };
  await Promise.all([pipeline(layer.open(), createGunzip(), reader, ...(signal === undefined ? [] : [{ signal }])), read()]);
  if (layer.size >= WORTH_KEEPING) {
    await mkdir(join(cacheDir, "layers"), { recursive: true });
    await writeFile(file, JSON.stringify(facts));
  }
  return facts;
}

/** Where code lies in our images: directly, or waiting to be merged into a volume. */
const CODE_ROOTS = [`${CODE_ROOT.slice(1)}/`, "usr/share/howdah/code/"];

/** How to read a file that tells something; undefined for all others. */
function readerFor(path: string): ((text: string) => Fact) | undefined {
  if (path === "var/lib/dpkg/status" || /^var\/lib\/dpkg\/status\.d\/[^/]+$/.test(path)) {
    return path.endsWith(".md5sums") ? undefined : (text) => ({ kind: "packages", packages: parseStatus(text) });
  }
  const documented = /^usr\/share\/doc\/([^/]+)\/copyright$/.exec(path)?.[1];
  if (documented !== undefined) return (text) => ({ kind: "licences", package: documented, licences: parseCopyright(text) });
  if (path === "etc/os-release" || path === "usr/lib/os-release") {
    return (text) => ({ kind: "distribution", distribution: parseOsRelease(text) });
  }
  const root = CODE_ROOTS.find((one) => path.startsWith(one));
  const inCode = root === undefined ? undefined : path.slice(root.length);
  return inCode !== undefined && isLibraryList(inCode) ? (text) => ({ kind: "libraries", path: inCode, text }) : undefined;
}

/** A site's own lists; those that libraries bring along are about their development. */
function isLibraryList(path: string): boolean {
  if (/(?:^|\/)node_modules\//.test(path)) return false;
  if (/(?:^|\/)composer\/installed\.json$/.test(path)) return path.split("/").length > 2;
  return /(?:^|\/)(?:composer\.lock|package-lock\.json)$/.test(path) && !/(?:^|\/)vendor\//.test(path);
}
