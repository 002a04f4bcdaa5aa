import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { afterEach, beforeEach, expect, it } from "vitest";
import { pack } from "tar-stream";
import type { Event } from "../../../kernel/event.ts";
import { copyMount, type ReadMount, safeName } from "./copy-mount.ts";
import { judgeFiles } from "./judge-files.ts";

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "t-copy-mount-"));
});
afterEach(() => rm(directory, { recursive: true }));

/** A site's container that packs these files. */
function packing(files: Readonly<Record<string, string>>): ReadMount {
  return async (_path, stdout) => {
    const archive = pack();
    archive.entry({ name: "./", type: "directory" });
    for (const [name, text] of Object.entries(files)) archive.entry({ name, mode: 0o640, mtime: new Date("2026-01-02T03:04:05Z") }, text);
    archive.entry({ name: "link", type: "symlink", linkname: "/etc/passwd" });
    archive.finalize();
    await pipeline(archive as unknown as Readable, stdout, { end: false });
  };
}

const judge = judgeFiles({
  files: [
    { mount: "files", match: "**/*.sql", action: "drop", because: "test" },
    { mount: "files", match: "**/*.png", action: "replace", because: "test" },
    { mount: "files", match: "public/**", action: "keep", because: "test" },
  ],
})("files");

it("keeps, replaces and leaves out files by the rules, and names those that no rule knows to who breeds alone", async () => {
  const files = { "public/a/page.txt": "page", "public/face.png": "a face", "backup.sql": "rows", "anna.doc": "a letter" };
  const told: object[] = [];
  const emit = (event: Event): void => void (event.type === "notice" && told.push(event));
  const context = { emit, signal: new AbortController().signal };
  const copied = await copyMount({ path: "/srv/web/files", directory, judge }, packing(files), context);
  expect(copied).toMatchObject({ kept: 1, replaced: 1, dropped: 3, unknown: ["*.doc (1)"] });
  expect(told).toEqual([{ type: "notice", level: "warning", message: 'No rule knows these files of /srv/web/files: "anna.doc"' }]);
  expect((await readdir(directory, { recursive: true })).toSorted()).toEqual([
    "public",
    "public/a",
    "public/a/page.txt",
    "public/face.png",
  ]);
  expect(await readFile(join(directory, "public/a/page.txt"), "utf8")).toBe("page");
  expect((await readFile(join(directory, "public/face.png"))).subarray(1, 4).toString()).toBe("PNG");
  const { mode, mtimeMs } = await stat(join(directory, "public/a/page.txt"));
  expect([(mode & 0o777).toString(8), mtimeMs]).toEqual(["640", Date.parse("2026-01-02T03:04:05Z")]);
});

it.each([
  ["./a/b", "a/b"],
  ["../etc/passwd", null],
  ["a/../../b", null],
  ["/etc/passwd", "etc/passwd"],
  ["./", null],
  ["a\0b", null],
])("takes %j for %j below the directory", (name, expected) => {
  expect(safeName(name)).toBe(expected);
});
