import type { WatchedFiles } from "../image-builder.ts";
import { parseIgnore } from "./ignore-patterns.ts";
import type { SiteEntry } from "./site-tree.ts";

/** The files that some patterns name (`.gitignore`'s notation; a directory means all below it), with their identities, by path. */
export function watchedFiles(entries: readonly SiteEntry[], patterns: readonly string[]): WatchedFiles {
  const matches = parseIgnore(patterns);
  const within = (path: string): boolean => {
    const parts = path.split("/");
    return parts.slice(1).some((_, depth) => matches(parts.slice(0, depth + 1).join("/"), true));
  };
  return Object.fromEntries(
    entries.flatMap((entry): [string, string][] => {
      if (entry.type === "directory" || !(matches(entry.path, false) || within(entry.path))) return [];
      return [[entry.path, entry.type === "symlink" ? `-> ${entry.target}` : `${entry.sha256}${entry.executable ? "+" : ""}`]];
    }),
  );
}
