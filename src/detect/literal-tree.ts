import type { Tree, TreeEntry } from "./tree.ts";

/** A file's text, a directory (`null`), or any entry: a symlink, a file with an owner. */
export type LiteralEntry = string | null | Partial<Omit<TreeEntry, "path">>;

/** A tree from a table of paths, for tests and fixtures. Directories above the paths are added. */
export function literalTree(entries: Readonly<Record<string, LiteralEntry>>, truncated = false): Tree {
  const all = new Map<string, TreeEntry>();
  for (const [path, entry] of Object.entries(entries)) {
    for (let at = path.indexOf("/"); at !== -1; at = path.indexOf("/", at + 1)) {
      const parent = path.slice(0, at);
      if (!all.has(parent)) all.set(parent, { path: parent, kind: "directory", size: 0, mode: 0o755 });
    }
    if (typeof entry === "string") all.set(path, { path, kind: "file", size: entry.length, mode: 0o644 });
    else if (entry === null) all.set(path, { path, kind: "directory", size: 0, mode: 0o755 });
    else all.set(path, { kind: "file", size: 0, mode: 0o644, ...entry, path });
  }
  return {
    entries: [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
    truncated,
    read: (path) => {
      const entry = entries[path];
      return typeof entry === "string" ? entry : undefined;
    },
  };
}
