import { contentHash } from "./content-hash.ts";
import { timeOfContent } from "./image-epoch.ts";
import { contentOf, type SiteEntry } from "./site-tree.ts";
import { type SplitLimits, splitLayers } from "./split-layers.ts";
import { directorySource, symlinkSource, type TarSource } from "./tar-source.ts";

/** Raised when the same entries give other bytes. */
export const LAYER_FORM = 1;

/** Where the entrypoint looks for what an empty volume starts with. */
export const SEED_ROOT = "usr/share/howdah/seed";

/** Own code changes with every deploy: small layers. Dependencies change rarely: big ones, below it. */
const limits: Readonly<Record<"dependencies" | "own", SplitLimits>> = {
  dependencies: { target: 32 * 1024 * 1024, most: 8 },
  own: { target: 8 * 1024 * 1024, most: 24 },
};

/** A layer to be, known by what goes into it before a byte of it is read. */
export interface PlannedLayer {
  /** Hash over the entries and where they go: the same key, the same layer. */
  readonly key: string;
  /** Where the tree goes: `srv/web`. */
  readonly root: string;
  /** What goes into the tar, apart from compressed copies. */
  readonly sources: readonly TarSource[];
  /** Files whose compressed copies lie beside them. */
  readonly copied: readonly Extract<SiteEntry, { type: "file" }>[];
}

/** How a tree becomes layers. */
export interface LayerPlan {
  /** Where the tree goes: `srv/web`. */
  readonly root: string;
  /** Whether an entry was made by a tool: libraries, built assets. */
  readonly isDependency: (entry: SiteEntry) => boolean;
  /** Paths of the files that get compressed copies. */
  readonly copied: ReadonlySet<string>;
}

/** The layers of a tree: dependencies first, then own code. */
export function planLayers(entries: readonly SiteEntry[], plan: LayerPlan): readonly PlannedLayer[] {
  const parts = { dependencies: entries.filter(plan.isDependency), own: entries.filter((entry) => !plan.isDependency(entry)) };
  return (["dependencies", "own"] as const).flatMap((part) =>
    splitLayers(parts[part], limits[part]).map((group) => planned(group, plan.root, plan.copied)),
  );
}

/** The layer of seeds: for each mount what the code has there. A mount without content has an empty directory. */
export function planSeeds(entries: readonly SiteEntry[], mounts: readonly string[]): readonly PlannedLayer[] {
  if (mounts.length === 0) return [];
  const seeds = mounts
    .map((path) => path.replace(/^\.?\/+|\/+$/g, ""))
    .flatMap((mount): SiteEntry[] => [
      { path: mount, type: "directory" },
      ...entries.filter((entry) => entry.path.startsWith(`${mount}/`)),
    ]);
  const once = new Map(seeds.map((entry) => [entry.path, entry]));
  return [
    planned(
      [...once.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
      SEED_ROOT,
      new Set(),
    ),
  ];
}

function planned(group: readonly SiteEntry[], root: string, copied: ReadonlySet<string>): PlannedLayer {
  const files = group.filter((entry): entry is Extract<SiteEntry, { type: "file" }> => entry.type === "file" && copied.has(entry.path));
  const rows = group.map((entry) => {
    if (entry.type === "file") return [entry.path, entry.executable, entry.size, entry.sha256, copied.has(entry.path)];
    return entry.type === "symlink" ? [entry.path, entry.target] : [entry.path];
  });
  const sources = new Map<string, TarSource>();
  for (const entry of group) {
    const path = `${root}/${entry.path}`;
    for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1)) {
      const parent = path.slice(0, end);
      if (!sources.has(parent)) sources.set(parent, directorySource(parent));
    }
    sources.set(path, sourceOf(entry, path));
  }
  return { key: contentHash([LAYER_FORM, root, rows]), root, sources: [...sources.values()].sort(byPath), copied: files };
}

function sourceOf(entry: SiteEntry, path: string): TarSource {
  if (entry.type === "directory") return directorySource(path);
  if (entry.type === "symlink") return symlinkSource(path, entry.target);
  return {
    path,
    type: "file",
    mode: entry.executable ? 0o755 : 0o644,
    size: entry.size,
    mtime: timeOfContent(entry.sha256),
    target: "",
    read: () => contentOf(entry),
  };
}

/** The order of a tar: every directory before what is in it. */
export function byPath(a: { readonly path: string }, b: { readonly path: string }): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
