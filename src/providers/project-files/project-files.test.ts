import { lstat, mkdir, mkdtemp, readFile, readlink, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readProjectFile, writeProjectFile } from "./project-files.ts";

let directory: string;
let file: string;
let elsewhere: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "howdah-project-"));
  file = join(directory, "howdah.yaml");
  elsewhere = join(directory, "elsewhere");
  await writeFile(elsewhere, "root's own");
});
afterEach(async () => {
  await rm(directory, { recursive: true });
});

describe("a project file that is written", () => {
  it("leaves the former one beside it", async () => {
    await writeFile(file, "old");
    await writeProjectFile(file, "new", { backup: true });
    expect([await readFile(file, "utf8"), await readFile(`${file}.bak`, "utf8")]).toEqual(["new", "old"]);
  });

  it("replaces a backup that is a symlink, never what it points to", async () => {
    await writeFile(file, "old");
    await symlink(elsewhere, `${file}.bak`);
    await writeProjectFile(file, "new", { backup: true });
    expect(await readFile(elsewhere, "utf8")).toBe("root's own");
    expect((await lstat(`${file}.bak`)).isFile()).toBe(true);
    expect(await readFile(`${file}.bak`, "utf8")).toBe("old");
  });

  it("replaces a file that is a symlink, never what it points to, which is kept as a link", async () => {
    await symlink(elsewhere, file);
    await writeProjectFile(file, "new", { backup: true });
    expect(await readFile(elsewhere, "utf8")).toBe("root's own");
    expect((await lstat(file)).isFile()).toBe(true);
    expect(await readlink(`${file}.bak`)).toBe(elsewhere);
  });
});

describe("a project file that is read", () => {
  it("is undefined when there is none", async () => {
    expect(await readProjectFile(join(directory, "howdah.lock"))).toBeUndefined();
    expect(await readProjectFile(join(directory, "no", "howdah.lock"))).toBeUndefined();
  });

  it.each<[what: string, make: (path: string) => Promise<unknown>]>([
    ["a symlink", (path) => symlink(elsewhere, path)],
    ["a symlink that leads nowhere", (path) => symlink(join(directory, "nowhere"), path)],
    ["a directory", (path) => mkdir(path)],
    ["over 16 MiB", (path) => writeFile(path, "").then(() => truncate(path, 16 * 1024 * 1024 + 1))],
    ["a symlink to itself", (path) => symlink(path, path)],
  ])("is named when it is %s, not taken for missing", async (_what, make) => {
    const path = join(directory, "howdah.lock");
    await make(path);
    await expect(readProjectFile(path)).rejects.toMatchObject({ code: "site/unreadable", message: expect.stringContaining(path) });
  });
});
