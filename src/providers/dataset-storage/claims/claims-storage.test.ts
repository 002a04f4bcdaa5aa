import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { KubeObject } from "../../../kubernetes/kubernetes-api.ts";
import { resources } from "../../../kubernetes/resources.ts";
import { type MemoryApi, memoryApi } from "../../../kubernetes/testing/memory-api.ts";
import { type ClaimsStorage, claimsStorage } from "./claims-storage.ts";

let root: string;
let api: MemoryApi;
let storage: ClaimsStorage;
let flushed: (readonly string[])[];

/** With a driver that makes every snapshot at once. */
function withDriver(memory: MemoryApi): MemoryApi {
  const get: MemoryApi["get"] = async (name, signal) => {
    const found = await memory.get(name, signal);
    return found === undefined ? undefined : { ...found, status: { readyToUse: true, restoreSize: "2Gi" } };
  };
  return { ...memory, get };
}

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "t-claims-"));
  for (const name of ["raw", "new-1"]) await mkdir(join(root, name));
  api = withDriver(memoryApi());
  flushed = [];
  storage = claimsStorage({
    ...{ api, namespace: "shop", snapshotClassName: "howdah", now: () => 0 },
    claims: [
      { part: "raw", claim: "pod-raw", directory: join(root, "raw"), size: "3Gi" },
      { part: "new-database", claim: "pod-new-1", directory: join(root, "new-1"), size: "2Gi" },
    ],
    flush: async (directories) => void flushed.push(directories),
  });
});
afterEach(() => rm(root, { recursive: true }));

const snapshots = (): readonly KubeObject[] => api.all("VolumeSnapshot");

describe("a storage of claims", () => {
  it("makes a volume in the claim that the pod has for its part, raw data beside the sockets", async () => {
    expect(await storage.createVolume("shop.g3.raw")).toBe(join(root, "raw/raw"));
    expect(await storage.createVolume("shop.g3.new-database")).toBe(join(root, "new-1"));
    expect(await storage.directory("shop.g3.new-database")).toBe(join(root, "new-1"));
    await expect(storage.createVolume("shop.g3.new-files-uploads")).rejects.toMatchObject({ code: "bug" });
  });

  it("publishes a snapshot under its id, of what is on the disk, once", async () => {
    const volume = await storage.createVolume("shop.g3.new-database");
    await writeFile(join(volume, "ibdata1"), Buffer.alloc(8192, 1));
    for (let time = 0; time < 2; time += 1) await storage.snapshot("shop.g3.new-database", "shop.g3.database");
    expect(flushed).toEqual([[join(root, "new-1")]]);
    const spec = { source: { persistentVolumeClaimName: "pod-new-1" }, volumeSnapshotClassName: "howdah" };
    expect(snapshots()).toEqual([
      expect.objectContaining({ metadata: expect.objectContaining({ name: "shop.g3.database", namespace: "shop" }) as object, spec }),
    ]);
    expect(await storage.usage("shop.g3.database")).toEqual({ ownBytes: 8192, totalBytes: 8192 });
    await storage.createVolume("shop.g3.raw");
    await expect(storage.snapshot("shop.g3.raw", "shop.g3.database")).rejects.toMatchObject({ code: "dataset/storage-taken" });
  });

  it("has clones that only the container sees which gets their directory", async () => {
    await storage.createVolume("shop.g3.new-database");
    await storage.snapshot("shop.g3.new-database", "shop.g3.database");
    const directory = await storage.clone("shop.g3.database", "shop.g3.trial");
    expect(storage.copyAt(directory)).toMatchObject({ snapshot: "shop.g3.database", size: "2Gi" });
    expect(storage.copyAt(join(root, "new-1"))).toBeUndefined();
    await expect(storage.clone("shop.g3.gone", "shop.g3.other")).rejects.toMatchObject({ code: "dataset/storage-missing" });
    await expect(storage.clone("shop.g3.database", "shop.g3.new-database")).rejects.toMatchObject({ code: "dataset/storage-taken" });
    expect((await storage.list()).map(({ id, kind }) => [id, kind])).toEqual([
      ["shop.g3.database", "snapshot"],
      ["shop.g3.new-database", "volume"],
      ["shop.g3.trial", "clone"],
    ]);
    expect(await storage.destroy("shop.g3.trial")).toBe(true);
  });

  it("destroys what a volume holds, and snapshots; asked again it says that there is nothing", async () => {
    const volume = await storage.createVolume("shop.g3.new-database");
    await writeFile(join(volume, "row"), "raw");
    await storage.snapshot("shop.g3.new-database", "shop.g3.database");
    for (const id of ["shop.g3.new-database", "shop.g3.database"])
      expect([await storage.destroy(id), await storage.destroy(id)]).toEqual([true, false]);
    expect([await readdir(volume), snapshots(), await storage.list()]).toEqual([[], [], []]);
  });

  it("leaves snapshots of others alone", async () => {
    await api.create(resources.VolumeSnapshot, {
      apiVersion: "snapshot.storage.k8s.io/v1",
      kind: "VolumeSnapshot",
      metadata: { name: "mine", namespace: "shop" },
    });
    expect(await storage.list()).toEqual([]);
  });
});
