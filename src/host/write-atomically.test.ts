import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { removeWritten, writeAtomically } from "./write-atomically.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "howdah-write-"));
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});
const dead = (): number => spawnSync(process.execPath, ["--version"]).pid;

it("writes whole files with their mode into directories that it makes", async () => {
  const path = join(directory, "a/b/secret.json");
  await writeAtomically(path, "1", { mode: 0o600 });
  await writeAtomically(path, "2", { mode: 0o640 });
  expect(await readFile(path, "utf8")).toBe("2");
  expect([(await stat(path)).mode & 0o777, (await stat(join(directory, "a/b"))).mode & 0o777]).toEqual([0o640, 0o700]);
  expect(await readdir(join(directory, "a/b"))).toEqual(["secret.json"]);
});

it("takes away what a writer left that died, and nothing that others write just now", async () => {
  const path = join(directory, "a.json");
  const left = `a.json.${dead()}.0123abcd.tmp`;
  const others = [`a.json.${process.pid}.0123abcd.tmp`, `b.json.${dead()}.0123abcd.tmp`, "a.json.tmp", "a.json.1.tmp"];
  for (const name of [left, ...others]) await writeFile(join(directory, name), "");
  await writeAtomically(path, "1", { mode: 0o600 });
  expect((await readdir(directory)).toSorted()).toEqual(["a.json", ...others].toSorted());
  await writeFile(join(directory, left), "");
  await removeWritten(path);
  expect((await readdir(directory)).toSorted()).toEqual(others.toSorted());
});

it("names the file that it may not write, and leaves nothing beside it", async () => {
  await writeFile(join(directory, "file"), "");
  await expect(writeAtomically(join(directory, "file/a"), "1", { mode: 0o600 })).rejects.toThrow();
  await expect(writeAtomically(directory, "1", { mode: 0o600 })).rejects.toThrow();
  expect(await readdir(directory)).toEqual(["file"]);
});
