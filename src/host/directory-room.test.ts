import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { roomOf, sizesBelow } from "./directory-room.ts";

let directory = "";
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "t-room-"));
  await mkdir(join(directory, "blog"));
  await writeFile(join(directory, "blog", "a.ibd"), Buffer.alloc(64 * 1024, 1));
  await writeFile(join(directory, "ibdata1"), "the server's own");
  await symlink("/usr", join(directory, "linked"));
  await symlink("/usr/bin/node", join(directory, "blog", "linked"));
});
afterAll(() => rm(directory, { recursive: true }));

it("counts what the files of each directory take, and follows no link", async () => {
  const sizes = await sizesBelow(directory);
  expect([...sizes.keys()]).toEqual(["blog"]);
  expect(sizes.get("blog")).toBeGreaterThanOrEqual(64 * 1024);
  expect(sizes.get("blog")).toBeLessThan(1024 ** 2);
});

it("knows how much room there is", async () => {
  const { totalBytes, freeBytes } = await roomOf(directory);
  expect(totalBytes).toBeGreaterThan(freeBytes);
  expect(freeBytes).toBeGreaterThan(0);
});
