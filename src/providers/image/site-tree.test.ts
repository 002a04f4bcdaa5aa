import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { neverInImages, parseIgnore } from "./ignore-patterns.ts";
import { type PlannedLayer, planLayers, planSeeds } from "./site-layers.ts";
import { readSiteTree, type SiteTree, type SiteTreeOptions } from "./site-tree.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "howdah-"));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const write = async (path: string, content = path): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
};
const link = async (path: string, target: string): Promise<void> => {
  await mkdir(dirname(join(root, path)), { recursive: true });
  await symlink(target, join(root, path));
};
const read = (options: Partial<SiteTreeOptions> = {}): Promise<SiteTree> =>
  readSiteTree(join(root, "usr/share/app"), {
    ignore: parseIgnore(neverInImages),
    followInto: ["/usr/share", "/etc"],
    systemRoot: root,
    configuration: [],
    ...options,
  });
const listing = (tree: SiteTree): readonly string[] =>
  tree.entries.map((entry) =>
    entry.type === "symlink" ? `${entry.path} -> ${entry.target}` : entry.type === "directory" ? `${entry.path}/` : entry.path,
  );

describe("site tree", () => {
  it("is sorted, without version control, secrets and Howdah's files", async () => {
    for (const name of ["z.php", ".git/config", ".env", "howdah.yaml", "a/b.php", ".htaccess", "a/.git"])
      await write(`usr/share/app/${name}`);
    expect(listing(await read())).toEqual([".htaccess", "a/", "a/b.php", "z.php"]);
  });

  it("keeps links inside the tree, relative", async () => {
    await write("usr/share/app/real/f.php");
    await link("usr/share/app/rel", "real/f.php");
    await link("usr/share/app/deep/abs", "/usr/share/app/real");
    expect(listing(await read())).toEqual(["deep/", "deep/abs -> ../real", "real/", "real/f.php", "rel -> real/f.php"]);
  });

  it("brings in what links to allowed directories point to, as the unpacked package's root has it", async () => {
    await write("usr/share/javascript/jquery/jquery.js", "jq");
    await write("etc/app/config.php", "conf");
    await link("usr/share/javascript/jquery/latest.js", "jquery.js");
    await link("usr/share/app/js", "../javascript/jquery");
    await link("usr/share/app/config.php", "/etc/app/config.php");
    const tree = await read();
    expect(listing(tree)).toEqual(["config.php", "js/", "js/jquery.js", "js/latest.js"]);
    expect(tree.skippedLinks).toEqual([]);
  });

  it("reports links that lead elsewhere, nowhere or in circles, and goes on", async () => {
    await write("usr/share/app/index.php");
    await write("root/secret");
    await link("usr/share/app/a-secret", "/root/secret");
    await link("usr/share/app/b-host", "../../../../../../../../root/secret");
    await link("usr/share/app/c-gone", "/etc/none");
    await link("usr/share/app/d-self", "d-self");
    await link("usr/share/app/e-up", "..");
    await link("usr/share/app/f-top", ".");
    await link("usr/share/app/g-ca", "/etc/ssl/certs/ca-certificates.crt");
    await write("etc/x");
    await link("usr/share/app/h-all", "/etc");
    const tree = await read();
    expect(tree.skippedLinks.map(({ path, why }) => `${path} ${why}`)).toEqual([
      "a-secret outside",
      "b-host outside",
      "c-gone dangling",
      "d-self loop",
      "e-up loop",
      "f-top loop",
      "h-all outside",
    ]);
    expect(listing(tree)).toEqual(expect.arrayContaining(["g-ca -> /etc/ssl/certs/ca-certificates.crt", "index.php"]));
    expect(listing(tree).some((path) => path.includes("secret"))).toBe(false);
  });

  it("never brings in through a link what only root may read on this machine", async () => {
    await write("usr/share/app/index.php");
    await write("etc/app/key");
    await write("etc/app/open");
    await write("etc/app/dir/key");
    await chmod(join(root, "etc/app/key"), 0o640);
    await chmod(join(root, "etc/app/dir/key"), 0o600);
    await chmod(root, 0o755);
    for (const name of ["key", "open", "dir"]) await link(`usr/share/app/${name}`, join(root, "etc/app", name));
    const tree = await read({ systemRoot: "/", followInto: [join(root, "etc")] });
    expect(listing(tree)).toEqual(["dir/", "index.php", "open"]);
    expect(tree.skippedLinks.map(({ path, why }) => `${path} ${why}`)).toEqual(["dir/key private", "key private"]);
  });

  it("has one hash for the same content wherever and whenever it lies, another for another mode or name", async () => {
    await write("usr/share/app/a.php", "1");
    const first = await read();
    await rm(join(root, "usr"), { recursive: true });
    await write("usr/share/app/a.php", "1");
    const second = await read();
    await chmod(join(root, "usr/share/app/a.php"), 0o755);
    const third = await read();
    expect(second.hash).toBe(first.hash);
    expect(third.hash).not.toBe(first.hash);
  });

  it("writes configuration files that the tree lacks, replaces one only when told, and refuses one outside of the tree", async () => {
    await write("usr/share/app/config.php", "theirs");
    await write("usr/share/app/kept.php", "theirs, kept");
    const tree = await read({
      configuration: [
        { path: "kept.php", content: "ours" },
        { path: "config.php", content: "ours", replace: true },
        { path: "conf/new.php", content: "x" },
      ],
    });
    expect(listing(tree)).toEqual(["conf/", "conf/new.php", "config.php", "kept.php"]);
    expect(tree.entries.find((entry) => entry.path === "config.php")).toMatchObject({ size: 4 });
    expect(tree.entries.find((entry) => entry.path === "kept.php")).toMatchObject({ size: 12 });
    await expect(read({ configuration: [{ path: "../x", content: "" }] })).rejects.toBeInstanceOf(HowdahError);
  });

  it("says that a directory is not there", async () => {
    await expect(read()).rejects.toMatchObject({ code: "detect/empty" });
  });
});

describe("site layers", () => {
  const paths = (layers: readonly PlannedLayer[]): readonly (readonly string[])[] =>
    layers.map((layer) => layer.sources.map((source) => source.path));

  it("put code below its root, dependencies in a layer of their own under it", async () => {
    for (const name of ["index.php", "src/a.php", "vendor/x/b.php"]) await write(`usr/share/app/${name}`);
    const { entries } = await read();
    const plan = { root: "srv/web", isDependency: ({ path }: { path: string }) => path.startsWith("vendor"), copied: new Set<string>() };
    expect(paths(planLayers(entries, plan))).toEqual([
      ["srv", "srv/web", "srv/web/vendor", "srv/web/vendor/x", "srv/web/vendor/x/b.php"],
      ["srv", "srv/web", "srv/web/index.php", "srv/web/src", "srv/web/src/a.php"],
    ]);
  });

  it("hold every entry exactly once, whichever part of the tree it belongs to", async () => {
    const names = [
      "index.php",
      "lib/a.php",
      "lib/b.min.js",
      "vendor/x/y.php",
      "wp-includes/css/a.css",
      "img/x.png",
      "built/app.js",
      "deep/lib/x/y.svg",
    ];
    for (const name of [...names, "empty/core/.keep", "empty/own/.keep"]) await write(`usr/share/app/${name}`);
    const { entries } = await read();
    const plan = {
      root: "r",
      isDependency: ({ path }: { path: string }) => /^vendor|^built$/.test(path),
      copied: new Set(["lib/b.min.js"]),
    };
    const layers = planLayers(entries, plan);
    const files = layers.flatMap((layer) => layer.sources.filter(({ type }) => type === "file").map(({ path }) => path.slice(2)));
    expect(files.sort()).toEqual(entries.filter(({ type }) => type === "file").map(({ path }) => path));
    const all = new Set(layers.flatMap((layer) => layer.sources.map(({ path }) => path.slice(2))));
    expect(entries.filter(({ path }) => !all.has(path))).toEqual([]);
    expect(layers.map((layer) => layer.sources.find(({ type }) => type === "file")?.path)).toEqual([
      "r/vendor/x/y.php",
      "r/deep/lib/x/y.svg",
      "r/empty/core/.keep",
      "r/built/app.js",
    ]);
  });

  it("put seeds of mounts where the entrypoint looks", async () => {
    for (const name of ["index.php", "data/pages/start.txt", "data2/x"]) await write(`usr/share/app/${name}`);
    const { entries } = await read();
    expect(paths(planSeeds(entries, ["data", "empty/"])).map((layer) => layer.filter((path) => path.includes("seed/")))).toEqual([
      [
        "usr/share/howdah/seed/data",
        "usr/share/howdah/seed/data/pages",
        "usr/share/howdah/seed/data/pages/start.txt",
        "usr/share/howdah/seed/empty",
      ],
    ]);
    expect(planSeeds(entries, [])).toEqual([]);
  });

  it("have the same keys for the same content, wherever it lies and in whatever order the directory tells it", async () => {
    const names = ["b.php", "a/z.css", "a/b.css", "c/d/e.js"];
    const keys = async (order: readonly string[]): Promise<readonly string[]> => {
      await rm(join(root, "usr"), { recursive: true, force: true });
      for (const name of order) await write(`usr/share/app/${name}`);
      const { entries } = await read();
      return planLayers(entries, { root: "srv/web", isDependency: () => false, copied: new Set(["a/b.css"]) }).map(({ key }) => key);
    };
    expect(await keys([...names].reverse())).toEqual(await keys(names));
  });
});
