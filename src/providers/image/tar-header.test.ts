import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { extract } from "tar-stream";
import { afterEach, expect, it } from "vitest";
import { IMAGE_EPOCH, timeOfContent } from "./image-epoch.ts";
import { ImageTree } from "./image-tree.ts";
import { sourcesOf } from "./tar-source.ts";
import { writeTar } from "./write-tar.ts";

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true, force: true });
});

async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "howdah-"));
  directories.push(directory);
  return directory;
}

it("writes a tar that another reader understands, long and foreign names included, sorted and owned by root", async () => {
  const directory = await temporary();
  const tree = await ImageTree.open(join(directory, "spool"));
  const long = `a/${"x".repeat(90)}/${"y".repeat(120)}.txt`;
  await tree.write(long, "long");
  await tree.write("b/ü.txt", "ü", 0o755);
  await tree.write("b/empty", "");
  tree.link("b/link", `/${"z".repeat(150)}`);
  await writeTar(sourcesOf(tree), join(directory, "a.tar"));
  await tree.close();
  const seen: unknown[] = [];
  const reader = createReadStream(join(directory, "a.tar")).pipe(extract());
  for await (const entry of reader) {
    const chunks: Buffer[] = [];
    for await (const chunk of entry as unknown as Readable) chunks.push(chunk as Buffer);
    const { name, type, mode, uid, mtime, linkname } = entry.header;
    seen.push([name, type, mode, uid, (mtime?.getTime() ?? 0) / 1000, linkname ?? null, Buffer.concat(chunks).toString()]);
  }
  expect(seen).toEqual([
    ["a/", "directory", 0o755, 0, IMAGE_EPOCH, null, ""],
    [`a/${"x".repeat(90)}/`, "directory", 0o755, 0, IMAGE_EPOCH, null, ""],
    [long, "file", 0o644, 0, IMAGE_EPOCH, null, "long"],
    ["b/", "directory", 0o755, 0, IMAGE_EPOCH, null, ""],
    ["b/empty", "file", 0o644, 0, IMAGE_EPOCH, null, ""],
    ["b/link", "symlink", 0o777, 0, IMAGE_EPOCH, `/${"z".repeat(150)}`, ""],
    ["b/ü.txt", "file", 0o755, 0, IMAGE_EPOCH, null, "ü"],
  ]);
});

it("gives the same bytes for the same tree, whatever order it was filled in", async () => {
  const directory = await temporary();
  const hashes: string[] = [];
  for (const names of [
    ["b", "a/c", "a/b"],
    ["a/b", "b", "a/c"],
  ]) {
    const tree = await ImageTree.open(join(directory, `spool${hashes.length}`));
    for (const name of names) await tree.write(name, name);
    hashes.push((await writeTar(sourcesOf(tree), join(directory, `${hashes.length}.tar`))).sha256);
    await tree.close();
  }
  expect(hashes[0]).toBe(hashes[1]);
});

it("dates a file by its content, always in the past of the epoch", () => {
  const times = ["0".repeat(64), "f".repeat(64), "12ab".repeat(16)].map(timeOfContent);
  expect(new Set(times).size).toBe(3);
  for (const time of times) expect(time > IMAGE_EPOCH - 2 ** 28 && time <= IMAGE_EPOCH).toBe(true);
});

it("follows symlinks inside a tree as the kernel would", async () => {
  const directory = await temporary();
  const tree = await ImageTree.open(join(directory, "spool"));
  await tree.write("usr/lib/libz.so.1.3", "z");
  tree.link("usr/lib/libz.so.1", "libz.so.1.3");
  tree.link("lib", "usr/lib");
  tree.link("usr/lib64", "/lib");
  tree.link("a", "b");
  tree.link("b", "a");
  expect([
    tree.resolve("/lib/libz.so.1"),
    tree.resolve("usr/lib64/libz.so.1"),
    tree.resolve("lib/none"),
    tree.resolve("a"),
    tree.resolve("usr/../lib/libz.so.1"),
  ]).toEqual(["usr/lib/libz.so.1.3", "usr/lib/libz.so.1.3", undefined, undefined, "usr/lib/libz.so.1.3"]);
  await tree.close();
});
