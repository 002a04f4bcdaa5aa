import { chmod, mkdir, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { SiteImageRequest } from "../image-builder.ts";
import { openBuildMemory } from "./build-memory.ts";
import { type ComposedImage, type ComposedSite, composeSite } from "./compose-images.ts";
import { imageNames } from "./image-names.ts";
import { neverInImages, parseIgnore } from "./ignore-patterns.ts";
import { readSiteTree, type SiteTree } from "./site-tree.ts";
import type { StoredImage } from "./storage.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "howdah-"));
});
afterEach(async () => {
  await rm(root, { recursive: true, force: true });
});

const base = (id: string): StoredImage => ({
  id,
  digest: "",
  sizeBytes: 100,
  names: [],
  labels: {},
  layers: [`sha256:${id.repeat(64)}`],
  architecture: "amd64",
  config: { entrypoint: ["/x"], cmd: [], user: "", workingDir: "", env: [], stopSignal: undefined, labels: {} },
});

const request: SiteImageRequest = {
  site: "t",
  web: "web",
  php: "php",
  source: "",
  followInto: [],
  ignore: [],
  configuration: [],
  hooks: [],
  builder: { kind: "node-builder", version: "20" },
  node: "20",
  served: { locations: [{ path: "/", directory: ".", serves: "public" }], hidden: [], mounts: [] },
};

const files: Readonly<Record<string, string>> = {
  "index.php": "<?php echo 'source';",
  "lib/a.php": "<?php echo 'source too';",
  "app.css": "a { color: red }\n".repeat(200),
  "vendor/x/x.php": "<?php return 'library source';",
};

async function treeOf(name: string, given: readonly (readonly [string, string])[], mode = 0o644): Promise<SiteTree> {
  for (const [path, content] of given) {
    const file = join(root, name, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    await chmod(file, mode);
  }
  const ignore = parseIgnore(neverInImages);
  return readSiteTree(join(root, name), { ignore, followInto: [], systemRoot: "/", configuration: [] });
}

let count = 0;
/** Composes as on a machine of its own: nothing is remembered, and each has a cache of its own. */
async function compose(
  tree: SiteTree,
  more: { readonly request?: Partial<SiteImageRequest>; readonly before?: SiteTree; readonly stored?: ComposedSite } = {},
): Promise<ComposedSite> {
  count += 1;
  const workDir = join(root, `work-${count}`);
  const cacheDir = join(root, `cache-${count}`);
  await mkdir(workDir);
  const { stored } = more;
  const memory = await openBuildMemory(cacheDir, "t");
  const all = [...(stored?.web.layers ?? []), ...(stored?.php?.layers ?? [])];
  return composeSite(
    { ...request, ...more.request },
    { code: tree, before: more.before ?? tree },
    { web: base("a"), php: base("b") },
    {
      builder: {
        names: imageNames("howdah"),
        claim: () => Promise.resolve(),
        cacheDir,
        entrypointDir: "",
        architecture: "amd64",
        inspect: () => Promise.resolve(undefined),
        inspectAll: () => Promise.resolve(new Map()),
        dispatcher: () => Promise.reject(new Error("no network")),
        sources: () => Promise.reject(new Error("no sources")),
        newWorkDir: () => Promise.resolve(workDir),
      },
      work: { emit: () => undefined, hookEnvironment: {}, id: "image/site" },
      workDir,
      memory: { ...memory, layer: (key) => stored?.layers.get(key) },
      stored: new Set(all.map(({ diffId }) => diffId)),
    },
  );
}

const bytesOf = async (image: ComposedImage | null): Promise<string> =>
  (await Promise.all((image?.layers ?? []).flatMap(({ file }) => (file === undefined ? [] : [readFile(file, "latin1")])))).join("");

describe("composing a site", () => {
  it("names the signal that drains, whatever the base says: a kubelet takes the image's word", async () => {
    const { web, php } = await compose(await treeOf("signal", Object.entries(files)));
    for (const image of [web, php]) expect(Buffer.from(image?.documents.config ?? []).toString()).toContain('"StopSignal":"SIGQUIT"');
  });

  it("gives the same digests on two machines, whatever the directory's order, modes, owner and clock", async () => {
    const one = await compose(await treeOf("one", Object.entries(files)));
    const tree = await treeOf("two", Object.entries(files).reverse(), 0o600);
    for (const name of await readdir(join(root, "two"))) await utimes(join(root, "two", name), 1, 1);
    const two = await compose(tree);
    expect([two.web.documents.digest, two.php?.documents.digest]).toEqual([one.web.documents.digest, one.php?.documents.digest]);
    expect([two.web.reference, two.php?.reference, two.codeDigest]).toEqual([one.web.reference, one.php?.reference, one.codeDigest]);
  });

  it("gives the same digests when layers are known as when they are written", async () => {
    const tree = await treeOf("tree", Object.entries(files));
    const first = await compose(tree);
    const second = await compose(tree, { stored: first });
    expect(second.php?.layers.some(({ file }) => file !== undefined)).toBe(false);
    expect([second.web.documents.digest, second.php?.documents.digest]).toEqual([first.web.documents.digest, first.php?.documents.digest]);
  });

  it("has no byte of PHP in the web image, but the files' names, and the whole tree in PHP's", async () => {
    const { web, php } = await compose(await treeOf("tree", Object.entries(files)));
    const [shown, whole] = [await bytesOf(web), await bytesOf(php)];
    expect([shown.includes("<?php"), shown.includes("source"), shown.includes("srv/web/index.php"), shown.includes("app.css.br")]).toEqual([
      false,
      false,
      true,
      true,
    ]);
    expect([whole.includes("'source'"), whole.includes("library source"), whole.includes("app.css.br")]).toEqual([true, true, false]);
  });

  it("writes one layer for a changed script, none of dependencies, and leaves the web image as it is", async () => {
    const first = await compose(await treeOf("tree", Object.entries(files)));
    const changed = await treeOf("tree", [["lib/a.php", "<?php echo 'other';"]]);
    const second = await compose(changed, { stored: first });
    const written = second.php?.layers.filter(({ file }) => file !== undefined) ?? [];
    expect([written.length, second.web.reference === first.web.reference, second.codeDigest === first.codeDigest]).toEqual([
      1,
      true,
      false,
    ]);
    expect(await bytesOf(second.php)).not.toContain("library source");
  });

  it("takes what build hooks made for dependencies", async () => {
    const before = await treeOf("tree", [["index.php", "1"]]);
    const after = await treeOf("tree", [["public/build/app.js", "built"]]);
    const { php } = await compose(after, { before });
    const own = (php?.layers ?? []).flatMap(({ file }) => (file === undefined ? [] : [file]));
    expect((await Promise.all(own.map((file) => readFile(file, "latin1")))).map((tar) => tar.includes("app.js"))).toEqual([true, false]);
  });

  it("has writable code where the entrypoint merges it from, and none in the web image", async () => {
    const tree = await treeOf("tree", Object.entries(files));
    const { web, php } = await compose(tree, { request: { writable: true } });
    expect(web.layers.length).toBe(1);
    expect(await bytesOf(php)).toContain("usr/share/howdah/code/index.php");
  });
});
