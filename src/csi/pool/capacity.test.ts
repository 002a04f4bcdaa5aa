import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { capacityOf, mustFit } from "./capacity.ts";
import type { PoolRecord, VolumeRecord } from "./records.ts";

const volume = (sizeBytes: number, reserved: boolean): VolumeRecord => ({
  ...{ kind: "volume", id: "v", name: "a", sizeBytes, reserved, source: null, state: "ready", createdAt: "" },
});

const pool = (freeBytes: number, volumes: readonly PoolRecord[]) => ({
  node: "n",
  room: async () => ({ totalBytes: 1000, freeBytes }),
  records: { list: async () => volumes, read: async () => undefined, write: async () => {}, remove: async () => {} },
});

describe("what a node can still promise", () => {
  it.each([
    { name: "all but the headroom of an empty one", free: 1000, volumes: [], left: 980 },
    { name: "what others were not promised, though they are empty", free: 1000, volumes: [volume(600, true)], left: 380 },
    { name: "what is really free, though nobody was promised it", free: 120, volumes: [volume(600, false)], left: 100 },
    { name: "nothing of a full one", free: 10, volumes: [], left: 0 },
    { name: "never less than nothing", free: 900, volumes: [volume(2000, true)], left: 0 },
  ])("is $name", async ({ free, volumes, left }) => {
    expect(await capacityOf(pool(free, volumes), true)).toEqual({ availableBytes: left, largestBytes: left });
  });

  it("is the whole disk for copies that are promised nothing, as long as something is left", async () => {
    expect((await capacityOf(pool(100, [volume(900, true)]), false)).availableBytes).toBe(1000);
    expect((await capacityOf(pool(15, []), false)).availableBytes).toBe(0);
  });

  it("is refused beyond that with the code on which provisioners try another node", async () => {
    await expect(mustFit(pool(1000, []), 981, true)).rejects.toMatchObject({ code: status.RESOURCE_EXHAUSTED });
    await expect(mustFit(pool(1000, []), 980, true)).resolves.toBeUndefined();
  });
});
