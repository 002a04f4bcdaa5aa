import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SiteEntry } from "../site-tree.ts";
import { aroundMounts, changesOf, dependencyFiles, overHooks, type Tree, treeOf } from "./tree-changes.ts";

const file = (path: string, sha256 = "1", executable = false): SiteEntry => ({
  ...{ path, type: "file", executable, size: 1, sha256 },
  from: { content: sha256 },
});
const directory = (path: string): SiteEntry => ({ path, type: "directory" });
const link = (path: string, target: string): SiteEntry => ({ path, type: "symlink", target });
const names = (tree: Tree): readonly string[] => [...tree.keys()];

describe("changesOf", () => {
  it.each<{ name: string; before: SiteEntry[]; after: SiteEntry[]; write: string[]; remove: string[] }>([
    { name: "nothing changed", before: [file("a")], after: [file("a")], write: [], remove: [] },
    { name: "a new file", before: [], after: [directory("d"), file("d/a")], write: ["d", "d/a"], remove: [] },
    { name: "other content", before: [file("a")], after: [file("a", "2")], write: ["a"], remove: [] },
    { name: "may be executed now", before: [file("a")], after: [file("a", "1", true)], write: ["a"], remove: [] },
    { name: "a link that points elsewhere", before: [link("l", "a")], after: [link("l", "b")], write: ["l"], remove: [] },
    {
      name: "a file in the place of a directory",
      before: [directory("d"), file("d/a")],
      after: [file("d")],
      write: ["d"],
      remove: ["d/a"],
    },
    { name: "a rename is a new file and one that is gone", before: [file("a")], after: [file("b")], write: ["b"], remove: ["a"] },
    { name: "what is in a directory goes before it", before: [directory("d"), file("d/a")], after: [], write: [], remove: ["d/a", "d"] },
  ])("$name", ({ before, after, write, remove }) => {
    const changes = changesOf(treeOf(before), treeOf(after));
    expect({ write: changes.write.map(({ path }) => path), remove: changes.remove }).toEqual({ write, remove });
  });

  it("gives the other tree when it is done, whatever both are", () => {
    const tree = fc
      .uniqueArray(fc.tuple(fc.stringMatching(/^[a-c](\/[a-c]){0,2}$/), fc.constantFrom("1", "2")), { selector: ([path]) => path })
      .map((files) => treeOf(files.map(([path, sha]) => file(path, sha)).toSorted((a, b) => (a.path < b.path ? -1 : 1))));
    fc.assert(
      fc.property(tree, tree, (before, after) => {
        const { write, remove } = changesOf(before, after);
        const done = new Map(before);
        for (const path of remove) done.delete(path);
        for (const entry of write) done.set(entry.path, entry);
        expect(Object.fromEntries(done)).toEqual(Object.fromEntries(after));
      }),
    );
  });
});

describe("overHooks", () => {
  const saw = treeOf([file("app.js"), file("composer.json"), directory("old"), file("old/a"), directory("src"), file("src/a.php")]);
  const made = treeOf([...saw.values(), file("app.js", "minified"), directory("vendor"), file("vendor/x.php"), file("src/cache.php")]);
  const with_ = (...changes: readonly SiteEntry[]): Tree => treeOf([...saw.values(), ...changes]);

  it("is what the hooks made while nothing was saved", () => {
    expect(changesOf(made, overHooks({ saw, made }, saw))).toEqual({ write: [], remove: [] });
  });

  it("takes a saved file from the source, even over what a hook made of it", () => {
    const merged = overHooks({ saw, made }, with_(file("app.js", "2"), file("new.php")));
    expect(merged.get("app.js")).toMatchObject({ sha256: "2" });
    expect(names(merged)).toContain("new.php");
    expect(names(merged)).toContain("vendor/x.php");
  });

  it("drops what was deleted, and keeps a directory as long as something of the hooks is in it", () => {
    const left = treeOf([...saw.values()].filter(({ path }) => !path.startsWith("old") && !path.startsWith("src")));
    const merged = names(overHooks({ saw, made }, left));
    expect(merged).not.toContain("old");
    expect(merged).not.toContain("src/a.php");
    expect(merged).toEqual(expect.arrayContaining(["src", "src/cache.php"]));
  });

  it("lets a file take the place of a directory that the hooks filled", () => {
    const left = treeOf([...[...saw.values()].filter(({ path }) => !path.startsWith("src")), file("src", "3")]);
    const merged = overHooks({ saw, made }, left);
    expect(merged.get("src")).toMatchObject({ type: "file" });
    expect(merged.has("src/cache.php")).toBe(false);
  });
});

describe("aroundMounts", () => {
  it("keeps the points where volumes lie, and nothing that they hide", () => {
    const tree = treeOf([file("index.php"), directory("wp-content"), directory("wp-content/uploads"), file("wp-content/uploads/a.png")]);
    expect(names(aroundMounts(tree, ["wp-content/uploads", "var/cache"], []))).toEqual([
      "index.php",
      "var",
      "var/cache",
      "wp-content",
      "wp-content/uploads",
    ]);
  });

  it("makes a directory where the tree has something else", () => {
    expect(aroundMounts(treeOf([link("data", "/srv/data"), file("up")]), ["data", "up/loads"], [])).toEqual(
      treeOf([directory("data"), directory("up"), directory("up/loads")]),
    );
  });

  it("keeps the directories of other pods' volumes, which hide nothing here", () => {
    const tree = treeOf([file("cache"), directory("media"), file("media/a.png")]);
    expect(aroundMounts(tree, [], ["cache/pages", "media"])).toEqual(
      treeOf([directory("cache"), directory("cache/pages"), directory("media"), file("media/a.png")]),
    );
  });
});

it("knows the files that name dependencies, and not those of the dependencies themselves", () => {
  const paths = ["composer.lock", "theme/package.json", "vendor/a/composer.json", "node_modules/b/package.json", "composer.php"];
  expect(dependencyFiles(paths)).toEqual(["composer.lock", "theme/package.json"]);
});
