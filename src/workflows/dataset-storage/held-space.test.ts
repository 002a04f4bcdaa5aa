import { describe, expect, it } from "vitest";
import { heldSpace } from "./held-space.ts";
import type { ShownVolume } from "./show-storage.ts";

function volume(id: string, source: string | null, ownBytes: number, totalBytes: number): ShownVolume {
  return { id, kind: source === null ? "snapshot" : "clone", source, createdAt: "", usage: { ownBytes, totalBytes } };
}

const volumes = [
  volume("shop.g1.database", null, 0, 1000),
  volume("shop.g1.files-uploads", null, 0, 500),
  volume("shop.g2.database", null, 100, 1100),
  volume("shop.g10.database", null, 1, 7),
  volume("env.shop--a.files", "shop.g1.database", 30, 1010),
  volume("env.shop--b.files", "shop.g1.database", 40, 1020),
];
const state = (id: string, state: "current" | "draining" | "reaped") => ({ site: "shop", id, state });

describe("what could be deleted for room", () => {
  it("is what generations share once, and of each environment what only that one holds", () =>
    expect(
      heldSpace(
        volumes,
        [state("g1", "draining"), state("g2", "current"), state("g3", "reaped")],
        [
          { site: "shop", generation: "g1", holder: "shop--a" },
          { site: "shop", generation: "g1", holder: "shop--b" },
          { site: "blog", generation: "g2", holder: "blog--a" },
        ],
      ),
    ).toEqual([
      { site: "shop", generation: "g1", isCurrent: false, holders: ["shop--a", "shop--b"], freesBytes: 1570 },
      { site: "shop", generation: "g2", isCurrent: true, holders: [], freesBytes: 1100 },
    ]));

  it("is nothing of a volume that goes meanwhile", () =>
    expect(heldSpace([{ ...volume("shop.g1.database", null, 0, 0), usage: null }], [state("g1", "current")], [])[0]?.freesBytes).toBe(0));
});
