import { describe, expect, it } from "vitest";
import { memoryApi } from "../../kubernetes/testing/memory-api.ts";
import { DATASET_CONFIG_MAP, datasetDocuments } from "./dataset-documents.ts";

interface Kinds {
  readonly generations: { id: string };
  readonly current: { generation: string };
  readonly leases: { holder: string; generation: string };
  readonly journals: { step: string };
  readonly reports: { tables: readonly string[] };
}

describe("documents of a dataset on a cluster", () => {
  it("are keys of one ConfigMap, listed by the start of their names", async () => {
    const api = memoryApi();
    const one = datasetDocuments<Kinds>(api, "acme");
    await one.generations.put("acme.g1", { id: "g1" });
    await one.generations.put("acme.g2", { id: "g2" });
    await one.leases.put("acme--a.g1", { holder: "acme--a", generation: "g1" });
    await one.leases.put("acme--ab.g1", { holder: "acme--ab", generation: "g1" });
    await one.current.put("acme", { generation: "g2" });
    expect(await one.generations.list("acme.")).toEqual([{ id: "g1" }, { id: "g2" }]);
    expect(await one.leases.list("acme--a.")).toEqual([{ holder: "acme--a", generation: "g1" }]);
    expect(await one.leases.list()).toHaveLength(2);
    await one.leases.remove("acme--a.g1");
    expect([await one.leases.get("acme--a.g1"), await one.current.get("acme")]).toEqual([undefined, { generation: "g2" }]);
    expect(api.all("ConfigMap").map(({ metadata }) => metadata.name)).toEqual([DATASET_CONFIG_MAP]);
  });

  it("lose nobody's key when many write at once", async () => {
    const one = datasetDocuments<Kinds>(memoryApi(), "acme");
    const holders = Array.from({ length: 20 }, (_, number) => `acme--e${String(number)}`);
    await Promise.all(holders.map((holder) => one.leases.put(`${holder}.g1`, { holder, generation: "g1" })));
    expect(await one.leases.list()).toHaveLength(20);
  });

  it("are written by the breeder alone that may, and no longer once it was given up", async () => {
    const api = memoryApi();
    const operator = datasetDocuments<Kinds>(api, "acme");
    const breeder = datasetDocuments<Kinds>(api, "acme", "howdah-dataset-1");
    await expect(breeder.journals.put("acme", { step: "raw" })).rejects.toMatchObject({ code: "dataset/failed" });
    await operator.setBreeder("howdah-dataset-1");
    await breeder.journals.put("acme", { step: "raw" });
    await operator.setBreeder(null);
    await expect(breeder.current.put("acme", { generation: "g1" })).rejects.toMatchObject({ code: "dataset/failed" });
    expect([await operator.journals.get("acme"), await operator.current.get("acme")]).toEqual([{ step: "raw" }, undefined]);
  });

  it("keep reports that are larger than a ConfigMap may be", async () => {
    const api = memoryApi();
    const { reports } = datasetDocuments<Kinds>(api, "acme");
    const tables = Array.from({ length: 60_000 }, (_, number) => `wp_${String(number)}_posts`);
    await reports.put("acme.g1", { tables: ["one"] });
    await reports.put("acme.g1", { tables });
    expect(JSON.stringify(api.all("ConfigMap")).length).toBeLessThan(500_000);
    expect(await reports.get("acme.g1")).toEqual({ tables });
    expect(await reports.list()).toEqual([{ tables }]);
    await reports.remove("acme.g1");
    expect(await reports.get("acme.g1")).toBeUndefined();
  });
});
