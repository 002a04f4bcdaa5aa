import { beforeEach, describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { DatasetPorts } from "../dataset/dataset-ports.ts";
import type { DocumentStore } from "../ports.ts";
import { destroyStorage } from "./destroy-storage.ts";

type Ports = Parameters<typeof destroyStorage>[0];

function documents<T>(kept: Map<string, T>): DocumentStore<T> {
  return {
    get: async (name) => kept.get(name),
    list: async () => [...kept.values()],
    put: async (name, document) => void kept.set(name, document),
    remove: async (name) => void kept.delete(name),
  };
}

describe("destroying the storage of datasets", () => {
  let kept: Record<"generations" | "current" | "leases" | "journals" | "reports", Map<string, unknown>>;
  let ids: string[] | undefined;
  let refused: HowdahError | undefined;
  const ports = (): Ports => {
    const datasets = Object.fromEntries(Object.entries(kept).map(([name, map]) => [name, documents(map)]));
    const existing = async () => (ids === undefined ? undefined : { list: async () => ids?.map((id) => ({ id })) });
    const destroy = async (): Promise<boolean> => {
      if (refused !== undefined) throw refused;
      const was = ids !== undefined;
      ids = undefined;
      return was;
    };
    return {
      ...{ datasets, datasetStorage: { existing, destroy } },
      machine: { isProcessAlive: async (runner: string) => runner === "alive" },
    } as unknown as DatasetPorts;
  };

  beforeEach(() => {
    const generation = { site: "shop", id: "g1", state: "current", report: "shop.g1" };
    kept = {
      ...{ generations: new Map([["shop.g1", generation]]), reports: new Map([["shop.g1", {}]]) },
      ...{ current: new Map([["shop", { site: "shop", generation: "g1" }]]), leases: new Map(), journals: new Map() },
    };
    [ids, refused] = [["shop.g1.database", "shop.g1.files-uploads"], undefined];
  });

  it("forgets what was in it, and no number of a generation comes again", async () => {
    expect(await destroyStorage(ports())).toBe(true);
    expect([kept.current.size, kept.reports.size]).toEqual([0, 0]);
    expect(kept.generations.get("shop.g1")).toMatchObject({ state: "reaped", report: null });
    expect(await destroyStorage(ports())).toBe(false);
  });

  it.each([
    ["an environment", () => kept.leases.set("shop--a.g1", { site: "shop", generation: "g1", holder: "shop--a" }), "shop--a"],
    ["an environment without a dataset", () => ids?.push("env.shop--b.uploads"), "shop--b"],
    ["a breed", () => kept.journals.set("shop", { site: "shop", generation: "g2", runner: "alive" }), "the breed of shop g2"],
  ])("is refused while %s needs it", async (_, add, words) => {
    add();
    await expect(destroyStorage(ports())).rejects.toMatchObject({
      code: "dataset/in-use",
      message: expect.stringContaining(words) as string,
    });
    expect([kept.current.size, ids?.length]).toEqual([1, words === "shop--b" ? 3 : 2]);
  });

  it("leaves everything as it is when a container has something of it", async () => {
    refused = new HowdahError("dataset/storage-busy", "in use");
    await expect(destroyStorage(ports())).rejects.toBe(refused);
    expect(kept.current.get("shop")).toMatchObject({ generation: "g1" });
    expect(kept.generations.get("shop.g1")).toMatchObject({ state: "current" });
  });
});
