import { expect, it } from "vitest";
import type { DocumentStore, LockPort, Ports } from "../ports.ts";
import { forgetDatasets } from "./forget-datasets.ts";
import { type Generation, type GenerationDocuments, leaseGeneration } from "./generation.ts";
import { forgottenSites, reapForgotten } from "./reap-forgotten.ts";

function memory<T>(documents: readonly (readonly [string, unknown])[] = []): DocumentStore<T> {
  const kept = new Map(documents as readonly (readonly [string, T])[]);
  return {
    get: async (name) => kept.get(name),
    list: async (prefix = "") => [...kept].filter(([name]) => name.startsWith(prefix)).map(([, document]) => document),
    put: async (name, document) => void kept.set(name, document),
    remove: async (name) => void kept.delete(name),
  };
}

/** Says which were held. */
let held: string[] = [];
const locks: LockPort = {
  hold: async (name, _command, work) => {
    held.push(name);
    return await work();
  },
};

it("forgets a purged site's datasets and makes no storage for that", async () => {
  const generation = { site: "shop", id: "g1", state: "current", report: "shop.g1" } as Generation;
  const datasets = {
    ...{ generations: memory<Generation>([["shop.g1", generation]]), current: memory([["shop", { site: "shop", generation: "g1" }]]) },
    ...{ leases: memory(), journals: memory(), schedules: memory([["shop", {}]]), reports: memory([["shop.g1", {}]]) },
  };
  const datasetStorage = { existing: async () => undefined, open: () => Promise.reject(new Error("it was made")) };
  await forgetDatasets("shop", { datasets, datasetStorage, clock: {}, machine: {}, locks } as unknown as Ports);
  expect(await datasets.generations.get("shop.g1")).toMatchObject({ state: "reaped", report: null });
  expect([await datasets.current.list(), await datasets.schedules.list(), await datasets.reports.list()]).toEqual([[], [], []]);
});

it("disowns what was superseded and is held, too", async () => {
  const generation = { site: "shop", id: "g1", state: "draining", report: null, volumes: [] } as unknown as Generation;
  const leases = memory([["shop--a.g1", { site: "shop", generation: "g1", holder: "shop--a" }]]);
  const datasets = {
    ...{ generations: memory<Generation>([["shop.g1", generation]]), current: memory(), leases, journals: memory(), schedules: memory() },
    reports: memory(),
  } as unknown as GenerationDocuments;
  const datasetStorage = { existing: async () => undefined };
  await forgetDatasets("shop", { datasets, datasetStorage, clock: {}, machine: {}, locks } as unknown as Ports);
  await expect(leaseGeneration("shop", "shop--b", datasets, { at: "now", generation: "g1" })).rejects.toMatchObject({
    code: "dataset/none",
  });
});

it("leaves what an environment has to it alone, and the agent destroys it when nobody has it any more", async () => {
  held = [];
  const generation = { site: "shop", id: "g1", state: "current", report: "shop.g1", volumes: [] } as unknown as Generation;
  const lease = { site: "shop", generation: "g1", holder: "shop--a" };
  const leases = memory([["shop--a.g1", lease]]);
  const current = memory([["shop", { site: "shop", generation: "g1" }]]);
  const datasets = {
    ...{ generations: memory<Generation>([["shop.g1", generation]]), current, leases, journals: memory(), schedules: memory() },
    reports: memory([["shop.g1", {}]]),
  } as unknown as GenerationDocuments & { readonly reports: DocumentStore<unknown> };
  const volumes = new Set(["shop.g1.database"]);
  const storage = { list: async () => [...volumes].map((id) => ({ id })), destroy: async (id: string) => volumes.delete(id) };
  const datasetStorage = { existing: async () => storage };
  const ports = {
    ...{ datasets, datasetStorage, storage, clock: {}, machine: {}, locks, records: memory(), retained: memory() },
  } as unknown as Ports & Parameters<typeof reapForgotten>[1];
  await forgetDatasets("shop", ports);
  expect(held).toEqual(["shop_dataset"]);
  expect(await current.list()).toEqual([]);
  expect(await datasets.generations.get("shop.g1")).toMatchObject({ state: "draining" });
  expect(await forgottenSites(ports)).toEqual([]);
  // Whoever has the site's name next gets nothing of it, even by its number; who holds it does.
  await expect(leaseGeneration("shop", "shop--b", datasets, { at: "now", generation: "g1" })).rejects.toMatchObject({
    code: "dataset/none",
  });
  expect((await leases.list()).length).toBe(1);
  expect(await leaseGeneration("shop", "shop--a", datasets, { at: "now", generation: "g1" })).toMatchObject({ id: "g1" });
  await leases.remove("shop--a.g1");
  expect(await reapForgotten(await forgottenSites(ports), ports)).toEqual(["shop.g1"]);
  expect([[...volumes], await datasets.reports.list()]).toEqual([[], []]);
  expect(await datasets.generations.get("shop.g1")).toMatchObject({ state: "reaped", report: null });
});
