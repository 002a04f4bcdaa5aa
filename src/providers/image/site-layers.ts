import { timeOfContent } from "./image-epoch.ts";
import { contentOf, type SiteEntry } from "./site-tree.ts";
import { directorySource, symlinkSource, type TarSource } from "./tar-source.ts";

/** Where the entrypoint looks for what an empty volume starts with. */
export const SEED_ROOT = "usr/share/howdah/seed";

/** The layer of code: the tree below `root`, with the directories above it. */
export function codeSources(entries: readonly SiteEntry[], root: string): readonly TarSource[] {
  return [...parents(root), ...entries.map((entry) => sourceOf(entry, `${root}/${entry.path}`))].sort(byPath);
}

/** The layer of seeds: for each mount what the code has there. A mount without content has an empty directory. */
export function seedSources(entries: readonly SiteEntry[], mounts: readonly string[]): readonly TarSource[] {
  if (mounts.length === 0) return [];
  const sources = new Map<string, TarSource>();
  const add = (source: TarSource): void => {
    sources.set(source.path, source);
  };
  for (const mount of mounts.map((path) => path.replace(/^\.?\/+|\/+$/g, ""))) {
    for (const parent of parents(`${SEED_ROOT}/${mount}`)) add(parent);
    for (const entry of entries) if (entry.path.startsWith(`${mount}/`)) add(sourceOf(entry, `${SEED_ROOT}/${entry.path}`));
  }
  return [...sources.values()].sort(byPath);
}

function parents(path: string): readonly TarSource[] {
  const parts = path.split("/");
  return parts.map((_, index) => directorySource(parts.slice(0, index + 1).join("/")));
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

function byPath(a: TarSource, b: TarSource): number {
  return a.path < b.path ? -1 : a.path > b.path ? 1 : 0;
}
