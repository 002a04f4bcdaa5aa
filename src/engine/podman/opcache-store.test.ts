import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { OPCACHE_DRIVER } from "../../render/objects.ts";
import { ensureOpcacheDirectory, makeWorkDirectory, type OpcacheVolume, opcacheDirectory, removeFormerOpcache } from "./opcache-store.ts";
import { type StateStore, stateStore } from "./state-store.ts";

function volume(image: string, settings = "s1"): OpcacheVolume {
  return { name: "opcache", csi: { driver: OPCACHE_DRIVER, readOnly: true, volumeAttributes: { image, settings, timestamps: "checked" } } };
}

describe("the machine's compiled code", () => {
  let root = "";
  let store: StateStore;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "howdah-opcache-"));
    store = stateStore(root);
  });
  afterEach(() => rm(root, { recursive: true }));

  it("is another one for another image, other settings, another site", () => {
    const paths = [
      opcacheDirectory(store, "blog", volume("a")),
      opcacheDirectory(store, "blog", volume("b")),
      opcacheDirectory(store, "blog", volume("a", "s2")),
      opcacheDirectory(store, "wiki", volume("a")),
    ];
    expect(new Set(paths).size).toBe(paths.length);
  });

  it("can be entered by the containers' user", async () => {
    const { mode } = await stat(await ensureOpcacheDirectory(store, "blog", volume("a")));
    expect(mode & 0o777).toBe(0o755);
  });

  it("goes when neither the site nor a pod of it refers to it, but never from under a priming", async () => {
    const kept = await ensureOpcacheDirectory(store, "blog", volume("new"));
    await mkdir(join(await ensureOpcacheDirectory(store, "blog", volume("old")), "scripts"));
    const work = await makeWorkDirectory(kept, "1234");
    await removeFormerOpcache(store, "blog", new Set([basename(kept)]));
    expect((await readdir(join(kept, ".."))).toSorted()).toEqual([basename(kept), basename(work)].toSorted());
  });

  it("has nothing to remove of a site that never had any", async () => {
    await expect(removeFormerOpcache(store, "static", new Set())).resolves.toBeUndefined();
  });
});
