import type { SiteDocument } from "../../site/schema/site-document.ts";
import type { Tree } from "../tree.ts";

type Variables = NonNullable<NonNullable<SiteDocument["spec"]>["variables"]>;

/** True when the tree has this file. */
export function hasFile(tree: Tree, path: string): boolean {
  return tree.read(path) !== undefined || tree.entries.some((entry) => entry.path === path && entry.kind === "file");
}

/** True when the tree has this directory. Symlinks count: distributions link whole directories. */
export function hasDirectory(tree: Tree, path: string): boolean {
  return tree.entries.some((entry) => (entry.path === path && entry.kind !== "file") || entry.path.startsWith(`${path}/`));
}

/** True when the tree has this path, as a file, a link or a directory. */
export function hasPath(tree: Tree, path: string): boolean {
  return hasFile(tree, path) || hasDirectory(tree, path);
}

/** True when every path is there, as a file or directory. */
export function hasAll(tree: Tree, paths: readonly string[]): boolean {
  return paths.every((path) => hasPath(tree, path));
}

/** The first group of a pattern in a file, or undefined. */
export function firstMatch(tree: Tree, path: string, pattern: RegExp): string | undefined {
  return pattern.exec(tree.read(path) ?? "")?.[1];
}

/** composer.json's `name` and everything it requires, or undefined when there is none that can be read. */
export function composerFacts(
  tree: Tree,
  path = "composer.json",
): { readonly name: string; readonly require: Readonly<Record<string, string>> } | undefined {
  try {
    const parsed: unknown = JSON.parse(tree.read(path) ?? "");
    if (typeof parsed !== "object" || parsed === null) return undefined;
    const { name, require } = parsed as { name?: unknown; require?: unknown };
    return {
      name: typeof name === "string" ? name : "",
      require: typeof require === "object" && require !== null ? (require as Record<string, string>) : {},
    };
  } catch {
    return undefined;
  }
}

/** True when composer.json requires a package. */
export function needs(tree: Tree, name: string): boolean {
  return composerFacts(tree)?.require[name] !== undefined;
}

/** Compares dotted versions by their numbers: negative when `a` is older. Suffixes such as `-rc1` are ignored. */
export function compareVersions(a: string, b: string): number {
  const parts = (text: string): number[] =>
    text
      .split(/[^0-9]+/)
      .filter((part) => part !== "")
      .map(Number);
  const [left, right] = [parts(a), parts(b)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

/** What a recipe's install script reads: who administers the site (HOWDAH_URL is always there). `howdah up` prints the password once. */
export function adminVariables(title: string): Variables {
  return {
    HOWDAH_SITE_TITLE: title,
    HOWDAH_ADMIN_USER: "admin",
    HOWDAH_ADMIN_EMAIL: "admin@example.org",
    HOWDAH_ADMIN_PASSWORD: { generate: { bytes: 20 } },
  };
}
