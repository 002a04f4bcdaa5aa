import { createHash } from "node:crypto";
import { type BigIntStats, lstatSync, readdirSync } from "node:fs";
import { lstat, readlink, realpath } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { SkippedLink } from "../image-builder.ts";
import { contentHash } from "./content-hash.ts";
import type { Ignore } from "./ignore-patterns.ts";
import { openSourceFile, readSourceFile } from "./open-source-file.ts";
import { belowRoot, isWithin, resolveInRoot } from "./resolve-link.ts";
import type { StatCache } from "./stat-cache.ts";

/** One file or symlink of a site's code. Directories are listed too, as an empty one may matter. */
export type SiteEntry =
  | { readonly path: string; readonly type: "directory" }
  | { readonly path: string; readonly type: "symlink"; readonly target: string }
  | {
      readonly path: string;
      readonly type: "file";
      readonly executable: boolean;
      readonly size: number;
      readonly sha256: string;
      /** Where the bytes are: a file of the host, or a text of ours. */
      readonly from: { readonly file: string } | { readonly content: string };
    };

/** A site's code as it goes into images: sorted by path. */
export interface SiteTree {
  readonly entries: readonly SiteEntry[];
  readonly skippedLinks: readonly SkippedLink[];
  /** sha256 over names, kinds, modes and contents. */
  readonly hash: string;
}

/** How a tree is read. */
export interface SiteTreeOptions {
  readonly ignore: Ignore;
  readonly followInto: readonly string[];
  readonly systemRoot: string;
  readonly configuration: readonly { readonly path: string; readonly content: string; readonly replace?: boolean }[];
  /** Spares reading files that did not change. */
  readonly statCache?: StatCache | undefined;
  readonly signal?: AbortSignal | undefined;
}

interface Walk extends SiteTreeOptions {
  readonly root: string;
  readonly allowed: readonly string[];
  readonly entries: Map<string, SiteEntry>;
  /** Files whose bytes must be read. */
  readonly unread: { readonly path: string; readonly file: string; readonly stats: BigIntStats }[];
  readonly skipped: SkippedLink[];
}

/**
 * Reads a tree: every file hashed, symlinks inside kept (made relative), those into allowed directories replaced by what they point to, others
 * reported. Errors: `detect/empty` when the directory is not there.
 */
export async function readSiteTree(source: string, options: SiteTreeOptions): Promise<SiteTree> {
  const root = await realpath(source).catch(() => {
    throw new HowdahError("detect/empty", `The directory ${source} is not there`);
  });
  const systemRoot = options.systemRoot === "/" ? "/" : await realpath(options.systemRoot).catch(() => "/");
  const walk: Walk = {
    ...options,
    systemRoot: isWithin(root, systemRoot) ? systemRoot : "/",
    root,
    allowed: options.followInto.map((directory) => belowRoot(directory, systemRoot)),
    entries: new Map(),
    unread: [],
    skipped: [],
  };
  await readDirectory(walk, "", root, [root]);
  await readContents(walk);
  for (const file of options.configuration) placeConfiguration(walk, file);
  const entries = [...walk.entries.values()].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const skippedLinks = walk.skipped.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { entries, skippedLinks, hash: hashOfEntries(entries) };
}

/** The identity of code: not where it lies, only what it is. */
export function hashOfEntries(entries: readonly SiteEntry[]): string {
  return contentHash(
    entries.map((entry) => {
      if (entry.type === "file") return [entry.path, entry.executable, entry.size, entry.sha256];
      return entry.type === "symlink" ? [entry.path, entry.target] : [entry.path];
    }),
  );
}

/**
 * `trail` are the real directories above, so that a link back up ends. Names and times are asked for synchronously: the kernel has them in memory,
 * and for thousands of files a promise each costs ten times the answer.
 */
async function readDirectory(walk: Walk, path: string, real: string, trail: readonly string[]): Promise<void> {
  walk.signal?.throwIfAborted();
  const found = readdirSync(real, { withFileTypes: true });
  for (const entry of found) {
    const inner = path === "" ? entry.name : `${path}/${entry.name}`;
    const place = join(real, entry.name);
    if (entry.isSymbolicLink()) await readLink(walk, inner, place, trail);
    else if (entry.isDirectory()) {
      if (walk.ignore(inner, true)) continue;
      walk.entries.set(inner, { path: inner, type: "directory" });
      await readDirectory(walk, inner, place, [...trail, place]);
    } else if (entry.isFile() && !walk.ignore(inner, false)) {
      if (walk.systemRoot === "/" && !isWithin(place, walk.root) && !(await isPublic(place))) {
        walk.skipped.push({ path: inner, target: place, why: "private" });
      } else readOne(walk, inner, place);
    }
  }
}

function readOne(walk: Walk, path: string, file: string): void {
  const stats = lstatSync(file, { bigint: true });
  const sha256 = walk.statCache?.lookup(file, stats) ?? "";
  if (sha256 === "") walk.unread.push({ path, file, stats });
  const executable = (Number(stats.mode) & 0o111) !== 0;
  walk.entries.set(path, { path, type: "file", executable, size: Number(stats.size), sha256, from: { file } });
}

/** Files read at once. */
const PARALLEL = 4;

async function readContents(walk: Walk): Promise<void> {
  const queue = walk.unread[Symbol.iterator]();
  const worker = async (): Promise<void> => {
    for (const { path, file, stats } of queue) {
      walk.signal?.throwIfAborted();
      const entry = walk.entries.get(path);
      if (entry?.type !== "file") continue;
      const readAt = Date.now();
      const { sha256, size } = await hashFile(file, Number(stats.size));
      walk.entries.set(path, { ...entry, sha256, size });
      if (size === Number(stats.size)) walk.statCache?.remember(file, stats, { sha256, readAt });
    }
  };
  const settled = await Promise.allSettled(Array.from({ length: PARALLEL }, worker));
  for (const result of settled) if (result.status === "rejected") throw result.reason;
}

/** Above it a file is read in pieces. */
export const WHOLE_BYTES = 4 * 1024 * 1024;

/** A file's content hash and its bytes as they were read. `file` is its real path. Errors: those of {@link openSourceFile}. */
export async function hashFile(file: string, expected: number): Promise<{ readonly sha256: string; readonly size: number }> {
  if (expected <= WHOLE_BYTES) {
    const bytes = await readSourceFile(file);
    return { sha256: contentHash(bytes), size: bytes.length };
  }
  const hash = createHash("sha256");
  let size = 0;
  for await (const chunk of (await openSourceFile(file)).createReadStream({ highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer);
    size += (chunk as Buffer).length;
  }
  return { sha256: hash.digest("hex"), size };
}

/** What our images have at the same place, newer than the tree's: such links stay as they are. */
const inEveryImage: ReadonlySet<string> = new Set(["/etc/ssl/certs/ca-certificates.crt"]);

async function readLink(walk: Walk, path: string, place: string, trail: readonly string[]): Promise<void> {
  if (walk.ignore(path, false)) return;
  const target = await readlink(place);
  const skip = (why: SkippedLink["why"]): void => {
    walk.skipped.push({ path, target, why });
  };
  if (inEveryImage.has(target)) {
    walk.entries.set(path, { path, type: "symlink", target });
    return;
  }
  const resolved = await resolveInRoot(place, walk.systemRoot);
  if (!("path" in resolved)) return skip(resolved.kind);
  if (isWithin(walk.root, resolved.path)) return skip("loop");
  const inside = isWithin(resolved.path, walk.root);
  if (inside && isWithin(place, walk.root)) {
    const to = relative(walk.root, resolved.path);
    if (to === path || isWithin(path, to)) return skip("loop");
    walk.entries.set(path, { path, type: "symlink", target: relative(dirname(path), to) });
    return;
  }
  // strictly below an allowed directory: a link to /etc itself would bring in all of it
  if (!inside && !walk.allowed.some((directory) => resolved.path !== directory && isWithin(resolved.path, directory)))
    return skip("outside");
  if (!inside && walk.systemRoot === "/" && !(await isPublic(resolved.path))) return skip("private");
  if (resolved.kind === "file") return readOne(walk, path, resolved.path);
  if (trail.includes(resolved.path)) return skip("loop");
  if (walk.ignore(path, true)) return;
  walk.entries.set(path, { path, type: "directory" });
  await readDirectory(walk, path, resolved.path, [...trail, resolved.path]);
}

/** Whether everyone on the machine may read a path: what only root may read (keys, passwords) never goes into an image by way of a link. */
async function isPublic(path: string): Promise<boolean> {
  for (let here = path; here !== "/"; here = dirname(here)) {
    const { mode } = await lstat(here);
    if ((mode & 0o004) === 0 && here === path) return false;
    if ((mode & 0o001) === 0 && here !== path) return false;
  }
  return true;
}

function placeConfiguration(walk: Walk, { path, content, replace }: SiteTreeOptions["configuration"][number]): void {
  const plain = path.replace(/^\.?\/+/, "");
  if (plain === "" || plain.split("/").includes(".."))
    throw new HowdahError("render/unsafe", `A configuration file leaves the tree: ${path}`);
  const there = walk.entries.get(plain);
  if (replace !== true && there !== undefined && there.type !== "directory") return;
  const parts = plain.split("/");
  for (let depth = 1; depth < parts.length; depth += 1) {
    const parent = parts.slice(0, depth).join("/");
    if (walk.entries.get(parent)?.type !== "directory") walk.entries.set(parent, { path: parent, type: "directory" });
  }
  const size = Buffer.byteLength(content);
  walk.entries.set(plain, { path: plain, type: "file", executable: false, size, sha256: contentHash(content), from: { content } });
}

/** The bytes of a file. Errors: those of {@link openSourceFile}. */
export async function contentOf(entry: Extract<SiteEntry, { type: "file" }>): Promise<Uint8Array> {
  return "file" in entry.from ? readSourceFile(entry.from.file) : Buffer.from(entry.from.content);
}
