import { describe, expect, it } from "vitest";
import type { SiteEntry } from "./site-tree.ts";
import { watchedFiles } from "./watched-files.ts";

function tree(files: Readonly<Record<string, string>>): readonly SiteEntry[] {
  return Object.entries(files)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, sha256]) => ({ path, type: "file", executable: false, size: 1, sha256, from: { content: "" } }));
}

const base = { "app/a.php": "1", "composer.lock": "2", "database/migrations/one.php": "3", "modules/x/x.install": "4" };
const patterns = ["database/migrations", "*.install", "/composer.lock"];

describe("watchedFiles", () => {
  it.each<{ name: string; change: Readonly<Record<string, string>>; same: boolean }>([
    { name: "stays when other code changes", change: { "app/a.php": "9", "app/b.php": "1" }, same: true },
    { name: "changes with a file in a watched directory", change: { "database/migrations/one.php": "9" }, same: false },
    { name: "changes with a new file in it", change: { "database/migrations/deep/two.php": "1" }, same: false },
    { name: "changes with a file that a bare pattern finds anywhere", change: { "modules/y/deep/y.install": "1" }, same: false },
    {
      name: "leaves a name alone that only begins alike",
      change: { "database/migrations-old/a.php": "1", "x/composer.lock": "1" },
      same: true,
    },
  ])("$name", ({ change, same }) => {
    const [before, after] = [watchedFiles(tree(base), patterns), watchedFiles(tree({ ...base, ...change }), patterns)];
    expect(JSON.stringify(after) === JSON.stringify(before)).toBe(same);
  });

  it("is the same whatever order the patterns have", () => {
    expect(watchedFiles(tree(base), [...patterns].reverse())).toEqual(watchedFiles(tree(base), patterns));
  });

  it("is nothing when nothing matches", () => {
    expect(watchedFiles(tree(base), ["nowhere"])).toEqual({});
    expect(watchedFiles(tree(base), [])).toEqual({});
  });
});
