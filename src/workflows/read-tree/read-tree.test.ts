import { chmod, chown, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { readTree, systemRootOf } from "./read-tree.ts";

let root = "";
let site = "";

async function put(path: string, text = ""): Promise<void> {
  await mkdir(join(root, path, ".."), { recursive: true });
  await writeFile(join(root, path), text);
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "howdah-tree-"));
  site = join(root, "usr/share/app");
  await mkdir(site, { recursive: true });
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

it("lists files and directories, sorted, with sizes and owners", async () => {
  await put("usr/share/app/b/c.txt", "hello");
  await put("usr/share/app/a.txt", "x");
  await chmod(join(site, "b"), 0o775);
  if (process.getuid?.() === 0) await chown(join(site, "b"), 33, 33);
  const tree = await readTree(site);
  expect(tree.entries.map((entry) => `${entry.kind} ${entry.path} ${entry.size}`)).toEqual([
    "file a.txt 1",
    "directory b 0",
    "file b/c.txt 5",
  ]);
  expect(tree.entries[1]).toMatchObject({ mode: 0o775, ...(process.getuid?.() === 0 ? { owner: "www-data" } : {}) });
  expect(tree.read("b/c.txt")).toBe("hello");
  expect(tree.read("b")).toBeUndefined();
  expect(tree.read("missing")).toBeUndefined();
  expect(tree.truncated).toBe(false);
});

it("follows links into allowed roots below the unpacked package, and no others", async () => {
  await put("var/lib/app/data/x.txt", "data");
  await put("etc/app/config.php", "<?php");
  await put("home/secret.txt", "secret");
  await symlink("/var/lib/app/data", join(site, "data"));
  await symlink("/etc/app/config.php", join(site, "config.php"));
  await symlink("/home/secret.txt", join(site, "secret.txt"));
  await symlink("../../../home", join(site, "home"));
  await symlink("/var/lib/app/missing", join(site, "missing"));
  const tree = await readTree(site, { allowedRoots: ["/var/lib", "/etc"] });
  expect(tree.entries.map((entry) => `${entry.kind} ${entry.path}${entry.leaves === true ? " leaves" : ""}`)).toEqual([
    "file config.php leaves",
    "directory data leaves",
    "file data/x.txt",
    "symlink home leaves",
    "symlink missing leaves",
    "symlink secret.txt leaves",
  ]);
  expect(tree.read("data/x.txt")).toBe("data");
  expect(tree.read("config.php")).toBe("<?php");
  expect(tree.read("secret.txt")).toBeUndefined();
  expect(tree.read("home/secret.txt")).toBeUndefined();
  expect(tree.read("../app/../../home/secret.txt")).toBeUndefined();
});

it("ends on loops, inside and outside", async () => {
  await put("usr/share/app/a/x.txt", "x");
  await symlink("..", join(site, "a/up"));
  await mkdir(join(root, "var/lib/loop"), { recursive: true });
  await symlink("/var/lib/loop", join(root, "var/lib/loop/again"));
  await symlink("/var/lib/loop", join(site, "loop"));
  await symlink("self", join(site, "self"));
  const tree = await readTree(site, { allowedRoots: ["/var/lib"] });
  expect(tree.entries.length).toBeLessThan(12);
  expect(tree.read("a/up/a/x.txt")).toBe("x");
});

it("stops at its limits", async () => {
  for (let at = 0; at < 10; at += 1) await put(`usr/share/app/f${at}.txt`, "0123456789");
  await put("usr/share/app/d/e/f.txt", "x");
  expect(await readTree(site, { limits: { entries: 5 } })).toMatchObject({ truncated: true });
  expect(await readTree(site, { limits: { depth: 1 } })).toMatchObject({ truncated: true });
  const small = await readTree(site, { limits: { fileBytes: 5 } });
  expect(small.read("f0.txt")).toBeUndefined();
  const total = await readTree(site, { limits: { totalBytes: 15 } });
  expect([total.read("f0.txt"), total.read("f1.txt"), total.read("f2.txt")]).toEqual(["0123456789", "0123456789", undefined]);
});

it("does not follow a file that was swapped for a link after the listing", async () => {
  await put("usr/share/app/a.txt", "fine");
  await put("home/secret.txt", "secret");
  const tree = await readTree(site);
  await rm(join(site, "a.txt"));
  await symlink(join(root, "home/secret.txt"), join(site, "a.txt"));
  expect(tree.read("a.txt")).toBeUndefined();
});

it.each([
  ["/x/y/usr/share/app", "/x/y"],
  ["/x/var/lib/app/www", "/x"],
  ["/usr/share/app", "/"],
  ["/home/me/site", "/"],
])("the system root of %s is %s", (directory, expected) => {
  expect(systemRootOf(directory)).toBe(expected);
});
