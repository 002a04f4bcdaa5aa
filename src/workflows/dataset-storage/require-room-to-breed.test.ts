import { describe, expect, it } from "vitest";
import type { StorageFacts } from "../../providers/dataset-storage/dataset-storage.ts";
import type { Datasets } from "../dataset/dataset-ports.ts";
import type { Generation, GenerationLease } from "../dataset/generation.ts";
import { requireRoomToBreed } from "./require-room-to-breed.ts";

const generation = (id: string, state: string) =>
  ({
    site: "shop",
    id,
    state,
    volumes: [{ name: "database", path: null, snapshot: `shop.${id}.database`, bytes: 1000 }],
  }) as unknown as Generation;
const known = [generation("g1", "draining"), generation("g2", "current")];
const leases = [{ site: "shop", generation: "g1", holder: "shop--a", since: "" }] satisfies GenerationLease[];
const datasets = {
  generations: { list: async () => known, get: async (name: string) => known.find(({ id }) => name === `shop.${id}`) },
  current: { get: async (site: string) => (site === "shop" ? { site, generation: "g2", since: "" } : undefined) },
  leases: { list: async () => leases },
} as unknown as Datasets;

const breed = (site: string, freeBytes: number) =>
  requireRoomToBreed(site, { probe: async () => ({ freeBytes }) as StorageFacts, freed: async () => undefined }, { datasets });

describe("a breed", () => {
  it("begins with room for its raw tables and those that are made of them", async () => expect(await breed("shop", 2000)).toBeUndefined());

  it("begins when nobody knows yet what it needs", async () => expect(await breed("blog", 1)).toBeUndefined());

  it("does not begin without, and says who holds what", async () =>
    await expect(breed("shop", 1999)).rejects.toMatchObject({
      code: "dataset/storage-full",
      message: expect.stringMatching(/needs 2\.0 kB.*shop g1 by shop--a/) as string,
    }));
});
