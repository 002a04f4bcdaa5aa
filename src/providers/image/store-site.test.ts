import { describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ComposedImage, ComposedSite } from "./compose-images.ts";
import { type SiteStorage, type StoredSite, storeSite } from "./store-site.ts";

/** A storage in memory that takes an image only when it has, or gets, every layer. */
function memoryStorage(images: Readonly<Record<string, readonly string[]>> = {}) {
  const all = new Map(Object.entries(images));
  const layers = (): ReadonlySet<string> => new Set([...all.values()].flat());
  /** Each image that was taken, with the layers that were written for it. */
  const taken: string[] = [];
  const storage: SiteStorage = {
    look: (references) => Promise.resolve(new Set(references.filter((reference) => all.has(reference)))),
    store: (given) => {
      for (const { reference, layers: named } of given) {
        const lost = named.find(({ diffId, file }) => file === undefined && !layers().has(diffId));
        if (lost !== undefined) return Promise.reject(new HowdahError("image/build-failed", `no layer ${lost.diffId}`));
        all.set(
          reference,
          named.map(({ diffId }) => diffId),
        );
        taken.push([reference, ...named.flatMap(({ file }) => file ?? [])].join(" "));
      }
      return Promise.resolve();
    },
  };
  return { all, taken, storage, seen: () => ({ images: new Set(all.keys()), layers: layers() }) };
}

/** A site of two images with a layer each; layers that are known to be stored are left out. */
function site(stored: ReadonlySet<string>): Promise<ComposedSite> {
  const image = (reference: string, own: string): ComposedImage => ({
    reference,
    documents: { id: "", config: Buffer.from(""), digest: "", manifest: Buffer.from("") },
    layers: [{ diffId: own, size: 1, ...(stored.has(own) ? {} : { file: `${own}.tar` }) }],
    sizeBytes: 1,
  });
  return Promise.resolve({ web: image("web", "w"), php: image("php", "p"), codeDigest: "", layers: new Map() });
}

const built = ({ built: names }: StoredSite): readonly string[] => [...names].sort();
const bothThere = { web: ["w"], php: ["p"] };

describe("storing a site's images", () => {
  it("writes what the storage lacks, and nothing for an image that is there", async () => {
    const { storage, taken, seen } = memoryStorage({ web: ["w"] });
    expect(built(await storeSite(site, seen(), storage))).toEqual(["php"]);
    expect(taken).toEqual(["php p.tar"]);
  });

  it.each([
    { name: "one image", gone: ["web"], left: ["web w.tar"] },
    { name: "both images", gone: ["web", "php"], left: ["web w.tar", "php p.tar"] },
  ])("brings back $name that somebody removed since the build began", async ({ gone, left }) => {
    const { storage, all, taken, seen } = memoryStorage(bothThere);
    const before = seen();
    for (const name of gone) all.delete(name);
    expect(built(await storeSite(site, before, storage))).toEqual(gone.toSorted());
    expect([taken, [...all.keys()].sort()]).toEqual([left, ["php", "web"]]);
  });

  it("writes a layer that was there when the build began and is gone with the image that held it", async () => {
    const { storage, all, taken, seen } = memoryStorage({ former: ["w", "p"] });
    const before = seen();
    all.delete("former");
    expect(built(await storeSite(site, before, storage))).toEqual(["php", "web"]);
    expect(taken).toEqual(["web w.tar", "php p.tar"]);
  });

  it("brings back an image that somebody removes right after it was stored", async () => {
    const { storage, all, taken, seen } = memoryStorage();
    let prunes = true;
    const pruned: SiteStorage = {
      ...storage,
      store: async (images) => {
        await storage.store(images);
        if (prunes) all.delete("web");
        prunes = false;
      },
    };
    await storeSite(site, seen(), pruned);
    expect([taken, all.has("web")]).toEqual([["web w.tar", "php p.tar", "web w.tar"], true]);
  });

  it("tries a second time, not a third, and not when everything was written", async () => {
    let attempts = 0;
    const failing: SiteStorage = {
      look: () => Promise.resolve(new Set<string>()),
      store: () => {
        attempts += 1;
        return Promise.reject(new HowdahError("image/build-failed", "no"));
      },
    };
    const none = { images: new Set<string>(), layers: new Set<string>() };
    await expect(storeSite(site, none, failing)).rejects.toMatchObject({ code: "image/build-failed" });
    expect(attempts).toBe(1);
    await expect(storeSite(site, { ...none, layers: new Set(["w"]) }, failing)).rejects.toMatchObject({ code: "image/build-failed" });
    expect(attempts).toBe(3);
  });
});
