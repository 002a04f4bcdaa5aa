import { contentHash } from "./content-hash.ts";
import { timeOfContent } from "./image-epoch.ts";
import { contentOf, type SiteEntry } from "./site-tree.ts";
import { type SplitLimits, splitLayers } from "./split-layers.ts";
import { directorySource, symlinkSource, type TarSource } from "./tar-source.ts";

/** Raised when the same entries give other bytes. */
export const LAYER_FORM = 1;

/** Where the entrypoint looks for what an empty volume starts with. */
export const SEED_ROOT = "usr/share/howdah/seed";

const MB = 1024 * 1024;

/**
 * The parts of a tree, lowest first. A storage keeps a layer by what is below it: when one changes, all above it are unpacked again. So what
 * changes rarely and weighs much lies at the bottom in big layers, and what people edit at the top in small ones.
 */
const parts = {
  /** What tools made. */
  dependencies: { target: 32 * MB, most: 8 },
  /** Pictures, fonts, translations, minified scripts: half of an application's bytes. */
  settled: { target: 16 * MB, most: 4 },
  /** The core of an application that others write, by the names that such directories have. */
  core: { target: 4 * MB, most: 10 },
  own: { target: 4 * MB, most: 10 },
} as const satisfies Readonly<Record<string, SplitLimits>>;

type Part = keyof typeof parts;

const SETTLED =
  /\.(?:min\.(?:js|css)|map|png|jpe?g|gif|webp|avif|ico|svg|woff2?|ttf|otf|eot|mp[34]|webm|og[gv]|pdf|zip|gz|br|mo|pot?|wasm|dat|l10n\.php)$/i;
const CORE =
  /(?:^|\/)(?:wp-admin|wp-includes|core|libs?|library|libraries|system|includes|inc|languages?|lang|locales?|i18n|docs?|tests?|tinymce)\//;

/** Only a guess of how often a file changes: the images are right whatever it says. By name alone, so the same on every machine. */
function partOf(entry: SiteEntry, isDependency: LayerPlan["isDependency"]): Part {
  if (isDependency(entry)) return "dependencies";
  if (entry.type === "file" && SETTLED.test(entry.path)) return "settled";
  return CORE.test(`${entry.path}/`) ? "core" : "own";
}

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

/** The layers of a tree, lowest first. */
export function planLayers(entries: readonly SiteEntry[], plan: LayerPlan): readonly PlannedLayer[] {
  const filesOf = ({ path }: SiteEntry): number => (plan.copied.has(path) ? 3 : 1);
  return (Object.keys(parts) as Part[]).flatMap((part) => {
    const chosen = entries.filter((entry) => partOf(entry, plan.isDependency) === part);
    return splitLayers(chosen, { ...parts[part], filesOf }).map((group) => planned(group, plan.root, plan.copied));
  });
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
