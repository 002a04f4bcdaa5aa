import { describe, expect, it } from "vitest";
import type { ServedFiles } from "../image-builder.ts";
import type { SiteEntry } from "./site-tree.ts";
import { webEntries } from "./web-tree.ts";

/** `a/` is a directory, `a -> b` a link, all else a file; the directories above are added. */
function tree(...lines: readonly string[]): readonly SiteEntry[] {
  const entries = new Map<string, SiteEntry>();
  for (const line of lines) {
    const [path = "", target] = line.replace(/\/$/, "").split(" -> ");
    for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1)) {
      entries.set(path.slice(0, end), { path: path.slice(0, end), type: "directory" });
    }
    if (line.endsWith("/")) entries.set(path, { path, type: "directory" });
    else if (target !== undefined) entries.set(path, { path, type: "symlink", target });
    else entries.set(path, { path, type: "file", executable: false, size: 9, sha256: "f".repeat(64), from: { content: "123456789" } });
  }
  return [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

const all: ServedFiles = { locations: [{ path: "/", directory: ".", serves: "public" }], hidden: [], mounts: [] };
const hidden = [
  { pattern: String.raw`(?:^|/)\.(?!well-known(?:/|$))`, anyCase: true },
  { pattern: String.raw`\.ph(?:p|t|ar)[^/]*$`, anyCase: true },
  { pattern: String.raw`\.sql$`, anyCase: true },
];
const publicRoot: ServedFiles = { ...all, locations: [{ path: "/", directory: "public", serves: "public" }] };

/** Names; an empty file ends in `=`. Directories are left out unless they are empty of files. */
const listing = (entries: readonly SiteEntry[]): readonly string[] =>
  entries.flatMap((entry) => {
    if (entry.type === "directory") return entries.some((other) => other.path.startsWith(`${entry.path}/`)) ? [] : [`${entry.path}/`];
    return entry.type === "symlink" ? [`${entry.path} -> ${entry.target}`] : [`${entry.path}${entry.size === 0 ? "=" : ""}`];
  });

describe("web entries", () => {
  it.each<{ name: string; given: readonly string[]; served: ServedFiles; there: readonly string[] }>([
    {
      name: "scripts are empty files; what only looks like one is not there, in any case",
      given: ["a.css", "index.php", "x.PHP", "x.php.jpg", "x.phtml", "x.phar"],
      served: all,
      there: ["a.css", "index.php="],
    },
    {
      name: "hidden names and hidden directories are not there; the registered public directory is",
      given: [".env", ".git/config", ".well-known/a.txt", "dump.SQL", "ok.txt", "sub/.secret/a.txt"],
      served: { ...all, hidden },
      there: [".well-known/a.txt", "ok.txt", "sub/"],
    },
    {
      name: "nothing outside of the web root is there",
      given: ["public/index.php", "public/app.js", "resources/view.html", "readme.md"],
      served: publicRoot,
      there: ["public/app.js", "public/index.php="],
    },
    {
      name: "a closed location is not there, an open one below it is",
      given: ["vendor/a.js", "vendor/pub/b.js", "vendor.js"],
      served: {
        ...all,
        locations: [
          { path: "/", directory: ".", serves: "public" },
          { path: "/vendor", directory: "vendor", serves: "nothing" },
          { path: "/vendor/pub", directory: "vendor/pub", serves: "public" },
        ],
      },
      there: ["vendor.js", "vendor/pub/b.js"],
    },
    {
      name: "an alias' directory is there, and what it covers in the web root is not",
      given: ["public/a.js", "public/lib/old.js", "shared/new.js"],
      served: {
        ...all,
        locations: [
          { path: "/", directory: "public", serves: "public" },
          { path: "/lib", directory: "shared", serves: "public" },
        ],
      },
      there: ["public/a.js", "shared/new.js"],
    },
    {
      name: "an internal location has hidden names too, never scripts' source",
      given: ["files/a.sql", "files/b.php"],
      served: { ...all, hidden, locations: [...all.locations, { path: "/files", directory: "files", serves: "all" }] },
      there: ["files/a.sql"],
    },
    {
      name: "content of a volume is not there",
      given: ["uploads/a.jpg", "uploads2/b.jpg"],
      served: { ...all, mounts: ["uploads"] },
      there: ["uploads/", "uploads2/b.jpg"],
    },
    {
      name: "links bring what they lead to, through other links, out of the web root",
      given: ["public/js -> ../assets/js", "assets/js -> ../node_modules/x/dist", "node_modules/x/dist/a.js", "node_modules/x/src/b.js"],
      served: publicRoot,
      there: ["assets/js -> ../node_modules/x/dist", "node_modules/x/dist/a.js", "public/js -> ../assets/js"],
    },
    {
      name: "a link to a script shows no source, whatever it is called",
      given: ["public/source.txt -> ../app/config.php", "public/run.php -> ../app/run.php", "app/config.php", "app/run.php"],
      served: publicRoot,
      there: ["app/run.php=", "public/run.php -> ../app/run.php", "public/source.txt -> ../app/config.php"],
    },
    {
      name: "links to volumes stay; links in circles end",
      given: ["public/storage -> ../storage/public", "storage/public/a.jpg", "public/a/x -> ../b", "public/b/y -> ../a", "public/b/f.js"],
      served: { ...publicRoot, mounts: ["storage/public"] },
      there: ["public/a/x -> ../b", "public/b/f.js", "public/b/y -> ../a", "public/storage -> ../storage/public"],
    },
  ])("$name", ({ given, served, there }) => {
    expect(listing(webEntries(tree(...given), served))).toEqual(there);
  });

  it("ends soon when directories link to one another in every way", () => {
    const names = Array.from({ length: 30 }, (_, index) => `d${index}`);
    const links = names.flatMap((from) => names.filter((to) => to !== from).map((to) => `${from}/${to} -> ../${to}`));
    expect(webEntries(tree(...links, "d0/a.js"), all).length).toBe(30 * 30 + 1);
  });
});
