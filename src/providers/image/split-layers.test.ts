import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SiteEntry } from "./site-tree.ts";
import { splitLayers } from "./split-layers.ts";

const MB = 1_000_000;
const file = (path: string, size: number): SiteEntry => ({
  path,
  type: "file",
  executable: false,
  size,
  sha256: "0".repeat(64),
  from: { content: "" },
});
const directory = (path: string): SiteEntry => ({ path, type: "directory" });
const names = (groups: readonly (readonly SiteEntry[])[]): string[] => groups.map((group) => group.map(({ path }) => path).join(" "));

describe("split layers", () => {
  it("keeps a small tree whole, and a directory that fits", () => {
    const tree = [directory("a"), file("a/x", 3 * MB), directory("b"), file("b/y", 3 * MB), file("c", 3 * MB)];
    expect(names(splitLayers(tree, { target: 20 * MB, most: 24 }))).toEqual(["a a/x b b/y c"]);
    expect(names(splitLayers(tree, { target: 4 * MB, most: 24 }))).toEqual(["a a/x", "b b/y", "c"]);
  });

  it("splits a big directory by what is in it; a big file is alone", () => {
    const tree = [directory("a"), directory("a/b"), file("a/b/1", 3 * MB), file("a/b/2", 3 * MB), file("a/big", 90 * MB)];
    expect(names(splitLayers(tree, { target: 4 * MB, most: 1000 }))).toEqual(["a a/b a/b/1", "a/b/2", "a/big"]);
  });

  it("loses no file whose directory is in another part of the tree", () => {
    expect(names(splitLayers([file("public/index.php", 0), file("vendor/a/b.php", 0)], { target: MB, most: 24 }))).toEqual([
      "public/index.php vendor/a/b.php",
    ]);
  });

  it("has nothing for nothing", () => {
    expect(splitLayers([], { target: MB, most: 24 })).toEqual([]);
  });

  it("has every entry once, never too many groups, and changes one of them when a file changes in place", () => {
    const trees = fc.uniqueArray(fc.record({ path: fc.stringMatching(/^[a-d](\/[a-e-]){0,3}\/f[0-9]$/), size: fc.nat(5 * MB) }), {
      selector: ({ path }) => path,
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(trees, fc.nat(), (files, which) => {
        const paths = new Set(
          files.flatMap(({ path }) =>
            path
              .split("/")
              .slice(0, -1)
              .map((_, at, all) => all.slice(0, at + 1).join("/")),
          ),
        );
        const tree = [...[...paths].map(directory), ...files.map(({ path, size }) => file(path, size))].sort((a, b) =>
          a.path < b.path ? -1 : 1,
        );
        const groups = splitLayers(tree, { target: 2 * MB, most: 24 });
        expect(
          groups
            .flat()
            .map(({ path }) => path)
            .sort(),
        ).toEqual(tree.map(({ path }) => path).sort());
        expect(groups.length).toBeLessThanOrEqual(24);
        const changed = files[which % files.length]?.path;
        const other = tree.map((entry) => (entry.path === changed && entry.type === "file" ? { ...entry, sha256: "1".repeat(64) } : entry));
        const again = splitLayers(other, { target: 2 * MB, most: 24 });
        const differing = again.filter((group, index) => JSON.stringify(group) !== JSON.stringify(groups[index]));
        expect(differing.length).toBe(1);
      }),
    );
  });
});
