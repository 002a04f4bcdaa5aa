import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createRecords, type SnapshotRecord } from "./records.ts";

describe("what is known of volumes", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "t-records-"));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const record: SnapshotRecord = {
    kind: "snapshot",
    id: "s-1",
    name: "s",
    volume: "v-1",
    sizeBytes: 5,
    state: "ready",
    createdAt: "2026-01-01",
  };

  it("is read as it was written, and is gone when it was removed", async () => {
    const records = createRecords(join(directory, "records"));
    expect(await records.list()).toEqual([]);
    await records.write(record);
    expect(await records.read("s-1")).toEqual(record);
    expect(await records.list()).toEqual([record]);
    await records.remove("s-1");
    expect(await records.read("s-1")).toBeUndefined();
    expect(await readdir(join(directory, "records"))).toEqual([]);
  });

  it.each(["", "{", "{}", '{"kind":"volume"}'])("is never taken for nothing when it is damaged: %j", async (text) => {
    await writeFile(join(directory, "s-1.json"), text);
    await expect(createRecords(directory).read("s-1")).rejects.toThrow("s-1.json can't be read");
    await expect(createRecords(directory).list()).rejects.toThrow("s-1.json");
  });
});
