import { access, mkdir, mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { normalRequest } from "../../catalog/image-recipes.ts";
import type { LockedImage } from "../image-lock.ts";
import { createImageStore } from "./create-image-store.ts";
import { debianArchitecture } from "./debian-architecture.ts";
import { keepRecipe } from "./recipes.ts";

let cacheDir: string;
beforeEach(async () => {
  cacheDir = await mkdtemp(join(tmpdir(), "howdah-"));
});
afterEach(async () => {
  await rm(cacheDir, { recursive: true, force: true });
});

const store = () => createImageStore({ cacheDir, entrypointDir: "src/entrypoint", instance: "t-a", claimsDir: join(cacheDir, "claims") });
const put = async (name: string, days = 0): Promise<void> => {
  const path = join(cacheDir, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, "x");
  const at = new Date(Date.now() - days * 86_400_000);
  await utimes(path, at, at);
};
const isThere = (name: string): Promise<boolean> =>
  access(join(cacheDir, name)).then(
    () => true,
    () => false,
  );
const [one, two] = ["1".repeat(64), "2".repeat(64)];
const locked: LockedImage = {
  request: normalRequest({ kind: "nginx", modules: [] }),
  suite: "trixie",
  architecture: debianArchitecture(),
  packages: [{ name: "nginx", version: "1", architecture: "amd64", archive: "debian", path: "pool/n.deb", size: 1, sha256: one }],
};

describe("the cache", () => {
  it("is read as things that belong to layers, images, packages or processes; what is unknown is left out", async () => {
    const dead = "4194999"; // beyond the largest process number
    const parts = [`layers/${one}.abc.part`, `packages/11/${one}.0a.${dead}.part`];
    for (const name of [`layers/${one}.gz`, `layers/${one}.json`, `layers/${two}.config`, `packages/11/${one}.deb`]) await put(name);
    for (const name of [...parts, `work/${dead}-a/spool`]) await put(name, 2);
    for (const name of [`work/${process.pid}-b/spool`, "compressed/c.9.gz", "apt/trixie/lists/x", "somebody/else"]) await put(name);
    const { caches } = await store().readCache();
    expect(Object.fromEntries(caches.map(({ id, owner }) => [id, owner]))).toEqual({
      [`layers/${one}`]: { kind: "layer", diffId: `sha256:${one}` },
      [`layers/${two}.config`]: { kind: "configuration", imageId: two },
      [`packages/11/${one}.deb`]: { kind: "package", sha256: one },
      [`layers/${one}.abc.part`]: { kind: "leftover", alive: false },
      [`packages/11/${one}.0a.${dead}.part`]: { kind: "leftover", alive: false },
      [`work/${dead}-a`]: { kind: "leftover", alive: false },
      [`work/${process.pid}-b`]: { kind: "leftover", alive: true },
      "compressed/c.9.gz": { kind: "reusable", what: "compressed copy" },
    });
  });

  it("loses what nobody has used since it was read, a layer with all its files and nothing beside them", async () => {
    for (const name of [`layers/${one}.gz`, `layers/${one}.json`, `layers/${one}.config`, `packages/22/${two}.deb`]) await put(name, 2);
    const { caches } = await store().readCache();
    await put(`packages/22/${two}.deb`); // used by a build meanwhile
    const wanted = caches.filter(({ owner }) => owner.kind !== "configuration");
    const gone = await store().removeFromCache(wanted);
    expect(gone.map(({ id }) => id)).toEqual([`layers/${one}`]);
    const files = [`layers/${one}.gz`, `layers/${one}.json`, `layers/${one}.config`, `packages/22/${two}.deb`];
    expect(await Promise.all(files.map(isThere))).toEqual([false, false, true, true]);
  });

  it("knows the packages of an image's recipe, and what a lock pins by this instance's names", async () => {
    await keepRecipe(cacheDir, "abc", locked);
    await put("recipes/broken.json");
    expect([...(await store().readCache()).recipes]).toEqual([["abc", [one]]]);
    const foreign = [{ reference: "docker.io/library/php:8.4-fpm", digest: `sha256:${two}` }];
    const { references, packages } = await store().pinnedBy({
      lockVersion: 1,
      images: [locked, { ...locked, architecture: "s390x" }],
      foreign,
    });
    expect(references.map((name) => name.replace(/[0-9a-f]{16}$/, "…"))).toEqual([
      "localhost/howdah/t-a/nginx:…",
      "localhost/howdah/t-a/foreign:…",
    ]);
    expect(packages).toEqual([one]);
  });
});
