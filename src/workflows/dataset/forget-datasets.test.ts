import { expect, it } from "vitest";
import type { DocumentStore, Ports } from "../ports.ts";
import { forgetDatasets } from "./forget-datasets.ts";
import type { Generation } from "./generation.ts";

function memory<T>(documents: readonly (readonly [string, unknown])[] = []): DocumentStore<T> {
  const kept = new Map(documents as readonly (readonly [string, T])[]);
  return {
    get: async (name) => kept.get(name),
    list: async (prefix = "") => [...kept].filter(([name]) => name.startsWith(prefix)).map(([, document]) => document),
    put: async (name, document) => void kept.set(name, document),
    remove: async (name) => void kept.delete(name),
  };
}

it("forgets a purged site's datasets and makes no storage for that", async () => {
  const generation = { site: "shop", id: "g1", state: "current", report: "shop.g1" } as Generation;
  const datasets = {
    ...{ generations: memory<Generation>([["shop.g1", generation]]), current: memory([["shop", { site: "shop", generation: "g1" }]]) },
    ...{ leases: memory(), journals: memory(), schedules: memory([["shop", {}]]), reports: memory([["shop.g1", {}]]) },
  };
  const datasetStorage = { existing: async () => undefined, open: () => Promise.reject(new Error("it was made")) };
  await forgetDatasets("shop", { datasets, datasetStorage, clock: {}, machine: {} } as unknown as Ports);
  expect(await datasets.generations.get("shop.g1")).toMatchObject({ state: "reaped", report: null });
  expect([await datasets.current.list(), await datasets.schedules.list(), await datasets.reports.list()]).toEqual([[], [], []]);
});
