import { describe, expect, it } from "vitest";
import { releaseRig } from "../testing/release-rig.ts";
import { releaseNumber } from "./release.ts";
import { dropOldReleases, forgetReleases, keptImages, releaseOf, releasesOf } from "./release-store.ts";
import { planRollback } from "./roll-back.ts";

describe("releases", () => {
  it("are kept to a number, never without the one that serves and the one before it", async () => {
    const rig = releaseRig();
    for (const image of ["one", "two", "three"]) await rig.deploy(image);
    for (const image of ["bad-a", "bad-b", "bad-c"]) await rig.deploy(image).catch(() => undefined);
    await dropOldReleases("blog", 2, rig.ports);
    expect((await releasesOf("blog", rig.ports)).map(({ release }) => release.id)).toEqual(["r6", "r5", "r3", "r2"]);
    expect([...(await keptImages(rig.ports, "blog."))].sort()).toEqual(["bad-b", "bad-c", "three", "two"]);
    await rig.deploy("four");
    expect((await releasesOf("blog", rig.ports))[0]?.release.id).toBe("r7");
  });

  it("are named when one is asked for that is not there", async () => {
    const rig = releaseRig();
    await rig.deploy("one");
    await expect(releaseOf("blog", "r9", rig.ports)).rejects.toMatchObject({ code: "release/unknown", hint: "There are: r1." });
    await forgetReleases("blog", rig.ports);
    expect(await releasesOf("blog", rig.ports)).toEqual([]);
  });

  it.each([
    ["r1", 1],
    ["r12", 12],
    ["r0", 0],
    ["../r1", 0],
    ["12", 0],
  ])("%s has the number %d", (id, number) => {
    expect(releaseNumber(id)).toBe(number);
  });
});

describe("going back", () => {
  const rigOf = async (...images: readonly string[]) => {
    const rig = releaseRig();
    for (const image of images) await rig.deploy(image, { migration: image.startsWith("new") ? "m2" : "m1" }).catch(() => undefined);
    const there = images.map((reference) => ({ reference }));
    const ports = { ...rig.ports, images: { list: () => Promise.resolve(there) } } as unknown as typeof rig.ports;
    const record = await ports.records.get("blog");
    if (record === undefined) throw new TypeError("nothing serves");
    return { ports, record };
  };

  it("leads to what served before, not to what failed", async () => {
    const { ports, record } = await rigOf("one", "two", "bad", "three");
    expect((await planRollback(record, undefined, ports)).to.id).toBe("r2");
  });

  it("names migrations that lie between", async () => {
    const { ports, record } = await rigOf("one", "new");
    expect((await planRollback(record, undefined, ports)).migrations).toEqual(["r2"]);
  });

  it("refuses the release that serves, one that is not there, and one whose image is gone", async () => {
    const { ports, record } = await rigOf("one", "two");
    await expect(planRollback(record, "r2", ports)).rejects.toMatchObject({ code: "usage/invalid" });
    await expect(planRollback(record, "r9", ports)).rejects.toMatchObject({ code: "release/unknown" });
    const gone = { ...ports, images: { list: () => Promise.resolve([]) } } as unknown as typeof ports;
    await expect(planRollback(record, "r1", gone)).rejects.toMatchObject({ code: "image/missing" });
  });
});
