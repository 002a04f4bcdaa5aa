import { describe, expect, it } from "vitest";
import type { DatasetStorage } from "../../providers/dataset-storage/dataset-storage.ts";
import type { DatasetStorageKeeper, StorageOutlook } from "../../providers/dataset-storage/dataset-storage-keeper.ts";
import type { MachinePort } from "../ports.ts";
import { checkDatasetStorage } from "./check-dataset-storage.ts";

const machine = { uid: 0 } as MachinePort;
const LACKS = "this disk can't copy on write; apt-get install btrfs-progs";

function keeper(outlook: Partial<StorageOutlook>, freeBytes = 1): Pick<DatasetStorageKeeper, "outlook" | "existing"> {
  return {
    outlook: async () => ({ isMade: false, driver: "btrfs", loop: true, missing: null, ...outlook }),
    existing: async () => ({ probe: async () => ({ freeBytes, root: "/d" }) }) as unknown as DatasetStorage,
  };
}

const check = (storage: ReturnType<typeof keeper>, of = machine) =>
  checkDatasetStorage({ datasetStorage: storage as DatasetStorageKeeper, machine: of });

describe("what doctor says of datasets", () => {
  it.each([
    ["how they would be copied", {}, { ok: true, detail: "copied on write by btrfs in a loop file" }],
    ["where they are", { isMade: true, driver: "reflink", loop: false }, { ok: true, detail: "copied on write by reflink, in /d" }],
    [
      "what is missing, before there are any",
      { driver: "copy", missing: LACKS },
      { ok: true, detail: expect.stringContaining("btrfs-progs") },
    ],
    [
      "what is missing, when there are",
      { isMade: true, driver: "copy", missing: LACKS },
      { ok: false, fix: expect.stringContaining("destroy") },
    ],
    ["that somebody wished for copies", { isMade: true, driver: "copy" }, { ok: true, detail: "copied byte by byte, in /d" }],
  ] as const)("is %s", async (_, outlook, said) => expect(await check(keeper(outlook))).toMatchObject({ name: "datasets", ...said }));

  it("is that they are full", async () => expect(await check(keeper({ isMade: true }, 0))).toMatchObject({ ok: false }));

  it("is that they can't be opened", async () => {
    const broken = { ...keeper({ isMade: true }), existing: () => Promise.reject(new Error("no such device")) };
    expect(await check(broken)).toMatchObject({ ok: false, detail: expect.stringContaining("no such device") });
  });

  it("is nothing to who may not mount", async () => expect(await check(keeper({}), { uid: 1000 } as MachinePort)).toBeUndefined());
});
