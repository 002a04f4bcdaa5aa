import { beforeEach, expect, it } from "vitest";
import type { DocumentStore } from "../ports.ts";
import {
  currentGeneration,
  type CurrentGeneration,
  type Generation,
  type GenerationDocuments,
  type GenerationLease,
  type GenerationState,
  holdersOf,
  leaseGeneration,
  listGenerations,
  releaseLease,
} from "./generation.ts";

/** Documents in memory. */
function memory<T>(): DocumentStore<T> {
  const kept = new Map<string, T>();
  return {
    get: async (name) => kept.get(name),
    list: async (prefix = "") => [...kept].filter(([name]) => name.startsWith(prefix)).map(([, document]) => document),
    put: async (name, document) => void kept.set(name, document),
    remove: async (name) => void kept.delete(name),
  };
}

const AT = { at: "2026-11-22T12:00:00Z" };
let documents: GenerationDocuments;

const put = (id: string, state: GenerationState): Promise<void> =>
  documents.generations.put(`shop.${id}`, { site: "shop", id, state } as Generation);

beforeEach(() => {
  documents = { generations: memory<Generation>(), current: memory<CurrentGeneration>(), leases: memory<GenerationLease>() };
});

it("has no current generation before one is published", async () => {
  await put("g1", "masking");
  expect(await currentGeneration("shop", documents)).toBeUndefined();
  await expect(leaseGeneration("shop", "shop--a", documents, AT)).rejects.toMatchObject({ code: "dataset/none" });
});

it("leases the current generation, and another of the same holder beside it until one is let go", async () => {
  for (const id of ["g1", "g2"]) await put(id, "current");
  await documents.current.put("shop", { site: "shop", generation: "g1", since: AT.at });
  expect((await leaseGeneration("shop", "shop--a", documents, AT)).id).toBe("g1");
  expect((await leaseGeneration("shop", "shop--a", documents, { ...AT, generation: "g2" })).id).toBe("g2");
  expect(await holdersOf({ site: "shop", id: "g1" }, documents)).toEqual(["shop--a"]);
  await releaseLease("shop--a", documents, "g1");
  expect(await holdersOf({ site: "shop", id: "g1" }, documents)).toEqual([]);
  expect(await holdersOf({ site: "shop", id: "g2" }, documents)).toEqual(["shop--a"]);
  await releaseLease("shop--a", documents);
  expect(await documents.leases.list()).toEqual([]);
});

it("takes the next one when the current one is reaped while it is leased, and leaves no lease of the former", async () => {
  await put("g1", "reaped");
  await put("g2", "current");
  let asked = 0;
  const current: DocumentStore<CurrentGeneration> = {
    ...documents.current,
    get: async () => ({ site: "shop", generation: (asked += 1) === 1 ? "g1" : "g2", since: AT.at }),
  };
  expect((await leaseGeneration("shop", "shop--a", { ...documents, current }, AT)).id).toBe("g2");
  expect(await holdersOf({ site: "shop", id: "g1" }, documents)).toEqual([]);
});

it("lists ten generations in the order in which they were made", async () => {
  for (const id of ["g10", "g2", "g1"]) await put(id, "current");
  expect((await listGenerations("shop", documents)).map(({ id }) => id)).toEqual(["g1", "g2", "g10"]);
});
