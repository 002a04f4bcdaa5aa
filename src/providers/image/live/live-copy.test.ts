import { chmod, cp, mkdir, mkdtemp, readdir, readFile, readlink, rename, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { SiteImageRequest } from "../../image-builder.ts";
import type { LiveCopy } from "../../live-copy.ts";
import type { Lock } from "../../image-lock.ts";
import type { BuilderContext } from "../builder-context.ts";
import type { hookedTree as makeHookedTree } from "../hooked-tree.ts";
import { readSiteTree } from "../site-tree.ts";
import { openLiveCopy } from "./live-copy.ts";

const nothing = {} as BuilderContext; // without hooks no image is asked for

describe("a copy of a tree that changes", () => {
  let directory: string;
  let source: string;
  let copy: LiveCopy;
  const asked = (extra: Partial<SiteImageRequest> = {}): SiteImageRequest => ({
    ...{ site: "blog", web: "web", php: "php", source, followInto: [], ignore: [], configuration: [], hooks: [], node: "20" },
    builder: { kind: "nginx", modules: [] },
    served: { locations: [{ path: "/", directory: ".", serves: "public" }], hidden: [], mounts: ["uploads"] },
    ...extra,
  });
  const inCopy = (part: "php" | "web", path: string): Promise<string> => readFile(join(copy.directories[part], path), "utf8");
  const save = async (path: string, text: string): Promise<void> => {
    await mkdir(join(source, path, ".."), { recursive: true });
    await writeFile(join(source, path), text);
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "howdah-live-"));
    source = join(directory, "source");
    await save("index.php", "<?php echo 1;");
    await save("style.css", "a{}");
    await save("uploads/old.png", "png");
    await save(".env", "SECRET=1");
    await save(".git/config", "[core]");
    await save("lib/a.php", "<?php");
    copy = await openLiveCopy({ directory: join(directory, "live"), also: [source] }, nothing, {});
  });
  afterEach(async () => {
    copy.close();
    await rm(directory, { recursive: true, force: true });
  });

  it("holds for each server what its image would, and a place for each volume", async () => {
    const { written, removed, files } = await copy.sync(asked());
    expect({ written, removed, files }).toEqual({ written: ["index.php", "lib/a.php", "style.css"], removed: [], files: 3 });
    expect((await readdir(copy.directories.php)).toSorted()).toEqual(["index.php", "lib", "style.css", "uploads"]);
    expect(await inCopy("php", "index.php")).toBe("<?php echo 1;");
    expect(await inCopy("web", "index.php")).toBe(""); // nginx sees no source
    expect(await inCopy("web", "style.css")).toBe("a{}");
    expect(await readdir(join(copy.directories.php, "uploads"))).toEqual([]);
  });

  it("takes what was saved, in any way that editors save", async () => {
    await copy.sync(asked());
    await save("index.php", "<?php echo 2;");
    await save("style.css.tmp", "b{}");
    await rename(join(source, "style.css.tmp"), join(source, "style.css"));
    await rename(join(source, "lib"), join(source, "src"));
    const { written, removed } = await copy.sync(asked());
    expect({ written, removed }).toEqual({ written: ["index.php", "src/a.php", "style.css"], removed: ["lib/a.php"] });
    expect(await inCopy("php", "index.php")).toBe("<?php echo 2;");
    expect(await inCopy("web", "style.css")).toBe("b{}");
    expect(await readdir(copy.directories.php)).not.toContain("lib");
  });

  it("writes a file anew and never into the one that is open", async () => {
    await copy.sync(asked());
    const before = await stat(join(copy.directories.php, "style.css"));
    await save("style.css", "c{}");
    await copy.sync(asked());
    expect((await stat(join(copy.directories.php, "style.css"))).ino).not.toBe(before.ino);
    expect((await copy.sync(asked())).written).toEqual([]);
  });

  it("follows links, permissions, and files that become directories and back", async () => {
    await symlink("index.php", join(source, "home.php"));
    await copy.sync(asked());
    expect(await readlink(join(copy.directories.php, "home.php"))).toBe("index.php");
    await rm(join(source, "home.php"));
    await save("home.php/now.txt", "a directory");
    await chmod(join(source, "lib/a.php"), 0o755);
    await copy.sync(asked());
    expect(await inCopy("php", "home.php/now.txt")).toBe("a directory");
    expect((await stat(join(copy.directories.php, "lib/a.php"))).mode & 0o777).toBe(0o755);
    await rm(join(source, "home.php"), { recursive: true });
    await save("home.php", "a file");
    await copy.sync(asked());
    expect(await inCopy("php", "home.php")).toBe("a file");
  });

  it("never lets in what is ignored, and takes out what is from now on", async () => {
    await copy.sync(asked());
    await save(".env", "SECRET=2");
    await save("backup-dump.sql", "insert");
    expect((await copy.sync(asked())).written).toEqual([]);
    await save(".howdahignore", "lib/\n");
    const { written, removed } = await copy.sync(asked());
    expect({ written, removed }).toEqual({ written: [], removed: ["lib/a.php"] });
  });

  it("says what lies below a volume, and keeps the volume's place when the tree's is deleted", async () => {
    await copy.sync(asked());
    await save("uploads/new.png", "png");
    expect(await copy.sync(asked())).toMatchObject({ written: [], onVolumes: ["uploads/new.png"] });
    await rm(join(source, "uploads"), { recursive: true });
    await copy.sync(asked());
    expect(await readdir(copy.directories.php)).toContain("uploads");
  });

  it("never takes the place of a volume away, as pods of the former or the next site file have it mounted", async () => {
    const mounting = (...mounts: readonly string[]): SiteImageRequest => ({ ...asked(), served: { ...asked().served, mounts } });
    const placeOf = async (path: string): Promise<readonly number[]> =>
      Promise.all([copy.directories.php, copy.directories.web].map(async (root) => (await stat(join(root, path))).ino));
    await save("cache", "a file");
    await copy.sync(mounting("var/data/uploads"));
    const [dropped, above] = [await placeOf("var/data/uploads"), await placeOf("var")];
    await copy.sync(mounting("cache")); // reads another site file, whose pods are not there yet
    const added = await placeOf("cache");
    await save("var", "a file where volumes lie");
    await copy.sync(mounting("var/data/uploads")); // a save meanwhile
    await copy.sync(mounting());
    expect([await placeOf("var/data/uploads"), await placeOf("var"), await placeOf("cache")]).toEqual([dropped, above, added]);
  });

  it("can be read by the servers' users, whatever the umask", async () => {
    copy.close();
    const umask = process.umask(0o077);
    try {
      copy = await openLiveCopy({ directory: join(directory, "strict"), also: [source] }, nothing, {});
      await copy.sync(asked());
    } finally {
      process.umask(umask);
    }
    const modes = ["", "lib", "uploads"].flatMap((path) => [copy.directories.php, copy.directories.web].map((root) => join(root, path)));
    for (const path of modes) expect({ path, mode: (await stat(path)).mode & 0o777 }).toEqual({ path, mode: 0o755 });
  });

  it("keeps what the build hooks made as long as it is in use, also when they fail the next time", async () => {
    copy.close();
    let fails = false;
    const hookedTree: typeof makeHookedTree = async (request, _tree, { workDir, ignore }) => {
      if (fails) throw new HowdahError("image/build-hook-failed", "exit code 1");
      const made = join(workDir, "tree");
      await cp(source, made, { recursive: true });
      await writeFile(join(made, "style.css"), "minified");
      return readSiteTree(made, { ignore, followInto: [], systemRoot: "/", configuration: request.configuration });
    };
    const hooks = { ensureBuilders: async () => ({ php: undefined, node: undefined }), hookedTree };
    const live = join(directory, "hooked");
    copy = await openLiveCopy({ directory: live, also: [source] }, nothing, {}, hooks);
    const request = asked({ hooks: [["npm", "run", "build"]] });
    const build = (): Promise<void> => copy.build(request, {} as Lock, () => undefined);
    await build();
    await copy.sync(request);
    fails = true;
    await expect(build()).rejects.toThrow("exit code 1");
    await save("style.css", "b{}");
    await copy.sync(request);
    expect(await inCopy("php", "style.css")).toBe("b{}");
    await save("style.css", "a{}"); // taken back: what the hooks made of it counts again
    await copy.sync(request);
    expect(await inCopy("php", "style.css")).toBe("minified");
    fails = false;
    await build();
    await copy.sync(request);
    expect((await readdir(live)).filter((name) => name.startsWith("built-"))).toHaveLength(1);
  });

  it("notices changes: in new directories too, and until it is told to stop", async () => {
    await copy.sync(asked());
    await copy.sync(asked());
    const ended = new AbortController();
    const noticed = copy.changed(ended.signal);
    await save("new/deep/file.php", "<?php");
    await noticed;
    expect((await copy.sync(asked())).written).toEqual(["new/deep/file.php"]);
    const again = copy.changed(ended.signal);
    await save("new/deep/file.php", "<?php 2;");
    await again;
    await copy.sync(asked());
    const never = copy.changed(ended.signal);
    ended.abort(new Error("stop"));
    await expect(never).rejects.toThrow();
  });

  it("tells of every file once, however many change at a time and while it reads", async () => {
    await copy.sync(asked());
    const told = new Set<string>();
    const names = Array.from({ length: 300 }, (_, index) => `many/${String(index % 7)}/${String(index)}.txt`);
    const saving = (async () => {
      for (const name of names) await save(name, name);
      await rm(join(source, "many/3"), { recursive: true });
    })();
    let ended = false;
    void saving.then(() => (ended = true));
    const wanted = names.filter((name) => !name.startsWith("many/3/"));
    for (let round = 0; round < 500; round++) {
      const last = ended;
      const { written, removed } = await copy.sync(asked());
      for (const name of written) told.add(name);
      for (const name of removed) told.delete(name);
      if (last) break;
    }
    await saving;
    expect([...told].filter((name) => name.startsWith("many/")).toSorted()).toEqual(wanted.toSorted());
    expect((await readdir(join(copy.directories.php, "many"))).toSorted()).toEqual(["0", "1", "2", "4", "5", "6"]);
  });

  it("writes only what the web server shows of a static site", async () => {
    const site = asked({ php: null });
    await save("secret.php", "<?php");
    expect((await copy.sync(site)).files).toBe(4);
    expect(await readdir(copy.directories.php)).toEqual([]);
    await save("style.css", "d{}");
    expect((await copy.sync(site)).written).toEqual(["style.css"]);
    expect(await inCopy("web", "style.css")).toBe("d{}");
  });
});
