import type { WatchedFiles } from "../image-builder.ts";
import { parseIgnore } from "./ignore-patterns.ts";
import type { SiteEntry } from "./site-tree.ts";

/** Whether some patterns name a file (`.gitignore`'s notation; a directory means all below it). */
export function watches(patterns: readonly string[]): (path: string) => boolean {
  const matches = parseIgnore(patterns);
  return (path) => {
    const parts = path.split("/");
    return matches(path, false) || parts.slice(1).some((_, depth) => matches(parts.slice(0, depth + 1).join("/"), true));
  };
}

/** The files that some patterns name, with their identities, by path. */
export function watchedFiles(entries: readonly SiteEntry[], patterns: readonly string[]): WatchedFiles {
  const watched = watches(patterns);
  return Object.fromEntries(
    entries.flatMap((entry): [string, string][] => {
      if (entry.type === "directory" || !watched(entry.path)) return [];
      return [[entry.path, entry.type === "symlink" ? `-> ${entry.target}` : `${entry.sha256}${entry.executable ? "+" : ""}`]];
    }),
  );
}
