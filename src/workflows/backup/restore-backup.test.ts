import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { lstat, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DELETE_OTHERS } from "./restore-backup.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "t-others-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const hasPhp = spawnSync("php", ["-v"]).status === 0;

it.skipIf(!hasPhp)("deletes files that came after the backup, and nothing that no backup holds", async () => {
  await mkdir(join(root, "kept/links"), { recursive: true });
  await mkdir(join(root, "new/deep"), { recursive: true });
  for (const name of ["kept/a.txt", "kept/later.txt", "new/deep/b.txt"]) await writeFile(join(root, name), "x");
  await symlink("../a.txt", join(root, "kept/links/to-a"));
  const latin = Buffer.concat([Buffer.from(`${root}/F`), Buffer.from([0xfc]), Buffer.from("nf.jpg")]);
  await writeFile(latin, "a picture");
  const ran = spawnSync("php", ["-r", DELETE_OTHERS, "--", root], { input: ["kept", "kept/a.txt"].join("\0") });
  expect([ran.status, String(ran.stderr)]).toEqual([0, ""]);
  expect((await readdir(root, { recursive: true })).filter((name) => !name.startsWith("F")).toSorted()).toEqual([
    ...["kept", "kept/a.txt", "kept/links", "kept/links/to-a"],
  ]);
  expect((await lstat(join(root, "kept/links/to-a"))).isSymbolicLink()).toBe(true);
  expect(existsSync(latin)).toBe(true);
});
