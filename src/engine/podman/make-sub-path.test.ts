import { mkdir, mkdtemp, readdir, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { getuid } from "node:process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { RUN_AS } from "../../kernel/label.ts";
import { makeSubPath } from "./make-sub-path.ts";

describe("a directory below a site's volume", () => {
  let root = "";
  let volume = "";
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "howdah-sub-path-"));
    volume = join(root, "volume");
    await mkdir(join(root, "host"));
    await mkdir(volume);
  });
  afterEach(() => rm(root, { recursive: true }));
  const isRoot = getuid?.() === 0;

  it.runIf(isRoot)("is made part by part for the containers' user", async () => {
    await makeSubPath(volume, "a/b", "make");
    await makeSubPath(volume, "a/b", "make");
    for (const path of ["a", "a/b"]) expect(await stat(join(volume, path))).toMatchObject({ uid: RUN_AS, gid: RUN_AS });
    expect((await stat(volume)).uid).not.toBe(RUN_AS);
  });

  it.each(["link", "link/below"])("is refused when %s leads through a symbolic link", async (path) => {
    await symlink(join(root, "host"), join(volume, "link"));
    await expect(makeSubPath(volume, path, "make")).rejects.toMatchObject({ code: "data/path-refused" });
    expect(await readdir(join(root, "host"))).toEqual([]);
  });

  it("is refused when it leaves the volume", async () => {
    await expect(makeSubPath(volume, "../host/x", "make")).rejects.toMatchObject({ code: "data/path-refused" });
  });

  it("must be there when the volume is not the site's", async () => {
    await writeFile(join(volume, "file"), "");
    await makeSubPath(volume, "file", "must-exist");
    await expect(makeSubPath(volume, "none", "must-exist")).rejects.toMatchObject({ code: "engine/not-ready" });
  });

  it.runIf(isRoot)("never gives a path of the host to the site, however fast it swaps directories for links", async () => {
    const racing = new AbortController();
    const race = (async () => {
      await symlink(join(root, "host"), join(root, "trap"));
      while (!racing.signal.aborted) {
        await rename(join(volume, "x"), join(root, "away")).catch(() => {});
        await rename(join(root, "trap"), join(volume, "x")).catch(() => {});
        await rename(join(volume, "x"), join(root, "trap")).catch(() => {});
        await rm(join(root, "away"), { recursive: true, force: true });
      }
    })();
    for (let round = 0; round < 300; round++) await makeSubPath(volume, "x/y", "make").catch(() => {});
    racing.abort();
    await race;
    expect((await stat(join(root, "host"))).uid).not.toBe(RUN_AS);
    expect(await readdir(join(root, "host"))).toEqual([]);
  });
});
