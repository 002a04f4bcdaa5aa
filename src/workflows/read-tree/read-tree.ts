import { closeSync, constants, fstatSync, openSync, readlinkSync, readSync } from "node:fs";
import { lstat, readdir, readlink, realpath, stat } from "node:fs/promises";
import { isAbsolute, join, normalize, posix } from "node:path";
import type { Tree, TreeEntry } from "../../detect/tree.ts";

/** What bounds the reading of a directory that somebody else filled. */
export interface ReadTreeLimits {
  /** Most entries; the tree is `truncated` beyond. */
  readonly entries: number;
  /** Largest file that is read, in bytes. */
  readonly fileBytes: number;
  /** Most bytes read in total; files beyond answer undefined. */
  readonly totalBytes: number;
  /** Deepest directory. */
  readonly depth: number;
}

export interface ReadTreeOptions {
  /** Directories outside the tree that symlinks may lead into, absolute: `/usr/share`, `/etc`, `/var/lib`. Default: none. */
  readonly allowedRoots?: readonly string[];
  /**
   * Where absolute symlink targets are looked up: the root of an unpacked Debian package. Default: found from the directory
   * (`X/usr/share/app` means `X`), else `/`.
   */
  readonly systemRoot?: string;
  readonly limits?: Partial<ReadTreeLimits>;
}

const defaultLimits: ReadTreeLimits = { entries: 200_000, fileBytes: 512 * 1024, totalBytes: 400_000_000, depth: 40 };
/** Never part of an application; they only cost time. */
const skipped = new Set([".git", ".svn", ".hg", "node_modules"]);
/** Owners that say something: the accounts that web servers run as, by their ids on Debian, Alpine and Fedora. */
const owners: ReadonlyMap<number, string> = new Map([
  [33, "www-data"],
  [48, "apache"],
  [82, "www-data"],
]);

interface Walk {
  readonly root: string;
  readonly systemRoot: string;
  readonly allowed: readonly string[];
  readonly limits: ReadTreeLimits;
  readonly entries: TreeEntry[];
  /** Where a path of the tree really is, for paths behind symlinks. */
  readonly real: Map<string, string>;
  readonly queue: { readonly path: string; readonly real: string; readonly depth: number; readonly trail: readonly string[] }[];
  truncated: boolean;
}

function within(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory.endsWith("/") ? directory : `${directory}/`);
}

/** The root of an unpacked package that a directory lies in: `X` for `X/usr/share/app`, `X/var/lib/app` and `X/var/www/app`. */
export function systemRootOf(directory: string): string {
  const found = /^(.+?)\/(?:usr\/share|var\/lib|var\/www|srv|opt|etc)\/[^/]+/.exec(directory);
  return found?.[1] ?? "/";
}

function where(walk: Walk, real: string): "inside" | "allowed" | "outside" {
  if (within(real, walk.root)) return "inside";
  return walk.allowed.some((root) => within(real, root)) ? "allowed" : "outside";
}

async function addSymlink(walk: Walk, path: string, real: string, depth: number, trail: readonly string[]): Promise<void> {
  const target = await readlink(real);
  const absolute = isAbsolute(target) ? join(walk.systemRoot, target) : normalize(join(real, "..", target));
  const resolved = await resolveSymlink(walk, absolute);
  const place = where(walk, resolved.path);
  const asLink: TreeEntry = { path, kind: "symlink", size: 0, mode: 0o777, target, ...(place === "inside" ? {} : { leaves: true }) };
  if (!resolved.found || place === "outside") {
    walk.entries.push(asLink);
    return;
  }
  const info = await stat(resolved.path);
  walk.real.set(path, resolved.path);
  if (place === "inside") {
    walk.entries.push(asLink);
    return;
  }
  const kind = info.isDirectory() ? "directory" : info.isFile() ? "file" : undefined;
  if (kind === undefined) {
    walk.entries.push(asLink);
    return;
  }
  walk.entries.push({ path, kind, size: kind === "file" ? info.size : 0, mode: info.mode & 0o7777, target, leaves: true });
  // A directory that is already on the way here would never end.
  if (kind === "directory" && !trail.includes(resolved.path)) {
    walk.queue.push({ path, real: resolved.path, depth: depth + 1, trail: [...trail, resolved.path] });
  }
}

/** Follows a chain of links; absolute ones are taken below the system root. A link to nowhere keeps its own place. */
async function resolveSymlink(walk: Walk, start: string): Promise<{ readonly path: string; readonly found: boolean }> {
  let current = start;
  for (let hops = 0; hops < 20; hops += 1) {
    const info = await lstat(current).catch(() => undefined);
    if (info === undefined) return { path: current, found: false };
    if (!info.isSymbolicLink()) return { path: await realpath(current).catch(() => current), found: true };
    const target = await readlink(current);
    current = isAbsolute(target) ? join(walk.systemRoot, target) : normalize(join(current, "..", target));
  }
  return { path: current, found: false };
}

async function addDirectory(walk: Walk, next: Walk["queue"][number]): Promise<void> {
  const children = await readdir(next.real, { withFileTypes: true }).catch(() => []);
  for (const child of children.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (walk.entries.length >= walk.limits.entries) {
      walk.truncated = true;
      return;
    }
    const path = next.path === "" ? child.name : posix.join(next.path, child.name);
    const real = join(next.real, child.name);
    const info = await lstat(real).catch(() => undefined);
    if (info === undefined) continue;
    const owner = owners.get(info.uid);
    const common = { path, mode: info.mode & 0o7777, ...(owner === undefined ? {} : { owner }) };
    if (info.isSymbolicLink()) await addSymlink(walk, path, real, next.depth, next.trail).catch(() => undefined);
    else if (info.isFile()) walk.entries.push({ ...common, kind: "file", size: info.size });
    else if (info.isDirectory()) {
      walk.entries.push({ ...common, kind: "directory", size: 0 });
      if (skipped.has(child.name)) continue;
      if (next.depth + 1 >= walk.limits.depth) walk.truncated = true;
      else walk.queue.push({ path, real, depth: next.depth + 1, trail: next.trail });
    }
  }
}

/**
 * The adapter of the Tree port on a real directory. It reads, never runs, and is bounded; symlinks are followed only inside the tree
 * and into allowed roots; a file is opened first and then checked where it really is, so that a swapped link can't lead outside.
 */
export async function readTree(directory: string, options: ReadTreeOptions = {}): Promise<Tree> {
  const root = await realpath(directory);
  const systemRoot = options.systemRoot === undefined ? systemRootOf(root) : await realpath(options.systemRoot);
  const allowed = (options.allowedRoots ?? []).map((each) => (systemRoot === "/" ? each : join(systemRoot, each)));
  const walk: Walk = {
    root,
    systemRoot,
    allowed,
    limits: { ...defaultLimits, ...options.limits },
    entries: [],
    real: new Map(),
    queue: [{ path: "", real: root, depth: 0, trail: [root] }],
    truncated: false,
  };
  for (let next = walk.queue.shift(); next !== undefined && !walk.truncated; next = walk.queue.shift()) await addDirectory(walk, next);
  walk.entries.sort((a, b) => (a.path < b.path ? -1 : 1));
  return { entries: walk.entries, truncated: walk.truncated, read: reader(walk) };
}

/** Reads files of the tree by path, within the limits; the same file is kept only as long as it is small news (the last 50). */
function reader(walk: Walk): Tree["read"] {
  let left = walk.limits.totalBytes;
  const recent = new Map<string, string | undefined>();
  return (path) => {
    if (recent.has(path)) return recent.get(path);
    const bytes = left <= 0 ? undefined : readInside(walk, path);
    left -= bytes?.length ?? 0;
    const text = bytes?.toString("utf8");
    recent.set(path, text);
    if (recent.size > 50) recent.delete(recent.keys().next().value ?? "");
    return text;
  };
}

/** Where a path of the tree is, through the links that were followed. */
function realPlace(walk: Walk, path: string): string {
  let rest = "";
  for (let prefix = path; prefix !== ""; prefix = prefix.includes("/") ? prefix.slice(0, prefix.lastIndexOf("/")) : "") {
    const real = walk.real.get(prefix);
    if (real !== undefined) return join(real, rest);
    rest = rest === "" ? posix.basename(prefix) : posix.join(posix.basename(prefix), rest);
  }
  return join(walk.root, path);
}

function readInside(walk: Walk, path: string): Buffer | undefined {
  const normal = posix.normalize(path);
  if (normal.startsWith("..") || normal.startsWith("/") || normal.includes("\0")) return undefined;
  let descriptor: number | undefined;
  try {
    descriptor = openSync(realPlace(walk, normal), constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
    const opened = readlinkSync(`/proc/self/fd/${descriptor}`);
    if (where(walk, opened) === "outside") return undefined;
    const info = fstatSync(descriptor);
    if (!info.isFile() || info.size > walk.limits.fileBytes) return undefined;
    const buffer = Buffer.alloc(Math.min(info.size + 1, walk.limits.fileBytes));
    const length = readSync(descriptor, buffer, 0, buffer.length, 0);
    return buffer.subarray(0, length);
  } catch {
    return undefined;
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
}
