import type { SiteEntry } from "../site-tree.ts";

/** What makes one tree another. */
export interface TreeChanges {
  /** Entries to write, directories before what is in them. */
  readonly write: readonly SiteEntry[];
  /** Paths to remove, what is in a directory before it. */
  readonly remove: readonly string[];
}

export type Tree = ReadonlyMap<string, SiteEntry>;

/** Entries by path. */
export function treeOf(entries: readonly SiteEntry[]): Tree {
  return new Map(entries.map((entry) => [entry.path, entry]));
}

/** Compares what is with what should be; a file is its content and whether it may be executed, whatever its times say. */
export function changesOf(before: Tree, after: Tree): TreeChanges {
  return {
    write: [...after.values()].filter((entry) => !isSame(before.get(entry.path), entry)),
    remove: [...before.keys()]
      .filter((path) => !after.has(path))
      .toSorted()
      .toReversed(),
  };
}

function isSame(one: SiteEntry | undefined, other: SiteEntry | undefined): boolean {
  if (one === undefined || other === undefined) return one === other;
  if (one.type === "file" && other.type === "file") return one.sha256 === other.sha256 && one.executable === other.executable;
  if (one.type === "symlink" && other.type === "symlink") return one.target === other.target;
  return one.type === other.type;
}

/**
 * What build hooks made, with what was saved since: a file that differs from the source they saw is taken from the source, one that is gone
 * from it goes, everything else is theirs. Sorted by path.
 */
export function overHooks(hooks: { readonly saw: Tree; readonly made: Tree }, source: Tree): Tree {
  const merged = new Map(hooks.made);
  for (const [path, entry] of source) if (!isSame(hooks.saw.get(path), entry)) merged.set(path, entry);
  for (const [path, { type }] of hooks.saw) if (!source.has(path) && type !== "directory") merged.delete(path);
  const fits = [...merged.values()].filter(({ path }) =>
    parentsOf(path).every((parent) => (merged.get(parent)?.type ?? "directory") === "directory"),
  );
  const needed = new Set(fits.filter(({ type }) => type !== "directory").flatMap(({ path }) => parentsOf(path)));
  const kept = fits.filter(({ path, type }) => type !== "directory" || needed.has(path) || source.has(path) || !hooks.saw.has(path));
  const all = new Map(kept.map((entry) => [entry.path, entry]));
  for (const path of needed) if (!all.has(path)) all.set(path, { path, type: "directory" });
  return new Map([...all].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * A tree as pods can have it: nothing at or below a mount, which hides it, and a directory at each mount and above it. So it is at `places`
 * too, where other pods over the same copy have volumes: the kernel takes a volume from a pod whose directory under it is removed.
 */
export function aroundMounts(tree: Tree, mounts: readonly string[], places: Iterable<string>): Tree {
  const points = new Set([...mounts, ...places].flatMap((mount) => [...parentsOf(mount), mount]));
  const kept = [...tree].filter(([path, { type }]) => !isOnVolume(path, mounts) && !(points.has(path) && type !== "directory"));
  const made = [...points].map((path): readonly [string, SiteEntry] => [path, { path, type: "directory" }]);
  return new Map([...kept, ...made].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** True when a volume is mounted at the path or above it. */
export function isOnVolume(path: string, mounts: readonly string[]): boolean {
  return mounts.some((mount) => path === mount || path.startsWith(`${mount}/`));
}

/** `a/b/c` has `a` and `a/b` above it. */
function parentsOf(path: string): readonly string[] {
  const parts = path.split("/");
  return parts.slice(1).map((_, depth) => parts.slice(0, depth + 1).join("/"));
}

/** Files that say what composer, npm and the like install. */
const NAMES_DEPENDENCIES = /(?:^|\/)(?:composer\.(?:json|lock)|package(?:-lock)?\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml)$/;

/** Those of some paths whose change makes the build hooks' output old. */
export function dependencyFiles(paths: readonly string[]): readonly string[] {
  return paths.filter((path) => NAMES_DEPENDENCIES.test(path) && !/(?:^|\/)(?:vendor|node_modules)\//.test(path));
}
