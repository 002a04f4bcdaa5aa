import { contentHash } from "./content-hash.ts";
import { parseIgnore } from "./ignore-patterns.ts";
import { hashOfEntries, type SiteEntry } from "./site-tree.ts";

/**
 * The identity of the files that some patterns name (`.gitignore`'s notation; a directory means all below it): their paths, kinds, modes and
 * contents, so the same on every machine that has the same files. Null when nothing matches.
 */
export function watchedDigest(entries: readonly SiteEntry[], patterns: readonly string[]): string | null {
  const matches = parseIgnore(patterns);
  const within = (path: string): boolean => {
    const parts = path.split("/");
    return parts.slice(1).some((_, depth) => matches(parts.slice(0, depth + 1).join("/"), true));
  };
  const files = entries.filter((entry) => entry.type !== "directory" && (matches(entry.path, false) || within(entry.path)));
  return files.length === 0 ? null : contentHash(hashOfEntries(files));
}
