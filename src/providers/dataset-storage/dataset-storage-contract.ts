import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, mkdir, open, readdir, readFile, rm, symlink, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type DeadlyPrograms, deadlyPrograms } from "../../../test/support/deadly-programs.ts";
import { describeTree, fillTree } from "../../../test/support/storage-fixture.ts";
import type { DatasetStorage, StorageDriver } from "./dataset-storage.ts";
import { type DatasetStorageSettings, openDatasetStorage } from "./open-dataset-storage.ts";

/** A directory that a test made, and what lies on it; and how everything of it goes. */
export interface StorageOfTest {
  readonly root: string;
  readonly driver: StorageDriver;
  /** Outside of the storage, on any file system. */
  readonly outside: string;
  remove(): Promise<void>;
}

const MIB = 1024 ** 2;
/** Those that change what is on the disk. */
const PROGRAMS = ["btrfs", "cp", "chattr", "rm"];
const CHILD = join(import.meta.dirname, "../../../test/support/storage-child.ts");

/** What every storage of datasets promises. Needs root: owners, immutable files and mounts are part of it. */
export function datasetStorageContract(name: string, start: () => Promise<StorageOfTest>): void {
  // In CI it is a failure, not a reason to skip.
  describe.skipIf(process.getuid?.() !== 0 && process.env["CI"] === undefined)(`the storage ${name}`, () => {
    let place: StorageOfTest;
    let storage: DatasetStorage;
    let golden: readonly string[];
    let deadly: DeadlyPrograms;
    const opened = (): Promise<DatasetStorage> => openDatasetStorage(place.root, settings(place.driver));
    const settings = (driver: StorageDriver): DatasetStorageSettings => ({
      ...{ driver, lockFile: join(place.outside, "lock"), searchPath: process.env["PATH"] ?? "", now: () => new Date() },
    });
    const ids = async (): Promise<readonly string[]> => (await storage.list()).map(({ id }) => id);

    beforeAll(async () => {
      place = await start();
      deadly = await deadlyPrograms(PROGRAMS);
      storage = await opened();
      const volume = await storage.createVolume("shop.g1.raw");
      await fillTree(volume, "first");
      golden = await describeTree(await storage.snapshot("shop.g1.raw", "shop.g1"));
    });
    afterAll(async () => {
      await deadly.remove();
      await place.remove();
    });

    it("says what it is, and takes no other kind later", async () => {
      expect(await storage.probe()).toMatchObject({ driver: place.driver, copyOnWrite: place.driver !== "copy" });
      expect((await storage.probe()).freeBytes).toBeGreaterThan(0);
      const other = place.driver === "copy" ? "btrfs" : "copy";
      const opening = openDatasetStorage(place.root, settings(other));
      await expect(opening).rejects.toMatchObject({ code: "usage/invalid" });
    });

    it.each(["", ".", "..", "a/b", "a..b", ".trash", "A", "-a", "a\n", "a b", `a${"b".repeat(128)}`])("takes %j for no id", async (id) => {
      await expect(storage.createVolume(id)).rejects.toMatchObject({ code: "usage/invalid" });
      await expect(storage.destroy(id)).rejects.toMatchObject({ code: "usage/invalid" });
    });

    it("copies everything that users of a tree can see", async () => {
      expect(golden).toEqual(await describeTree(await storage.directory("shop.g1.raw")));
      expect(await describeTree(await storage.clone("shop.g1", "env.a"))).toEqual(golden);
      expect(golden.join("\n")).toMatch(/sparse/);
      expect(golden.join("\n")).toMatch(/user\.howdah="first"/);
    });

    it("keeps what is written to one out of all others", async () => {
      const [a, b] = [await storage.clone("shop.g1", "env.a"), await storage.clone("shop.g1", "env.b")];
      await appendFile(join(a, "ibdata1"), "of a");
      await rm(join(a, "uploads", "2026", "7.txt"));
      await writeFile(join(await storage.directory("shop.g1.raw"), "token"), "second");
      expect(await describeTree(await storage.directory("shop.g1"))).toEqual(golden);
      expect(await describeTree(b)).toEqual(golden);
      expect(await describeTree(await storage.clone("shop.g1", "env.c"))).toEqual(golden);
      expect(await storage.clone("shop.g1", "env.a")).toBe(a); // asked again, it is the one that was written to
      expect(await readFile(join(a, "ibdata1"), "utf8")).toMatch(/of a$/);
    });

    it("lets nobody change a snapshot, root neither", async () => {
      const golden = await storage.directory("shop.g1");
      const refused = { code: expect.stringMatching(/^(EPERM|EROFS)$/) as string };
      await expect(writeFile(join(golden, "token"), "no")).rejects.toMatchObject(refused);
      await expect(writeFile(join(golden, "uploads", "2026", "new"), "no")).rejects.toMatchObject(refused);
      await expect(unlink(join(golden, "hard"))).rejects.toMatchObject(refused);
    });

    it("says what only one of them holds", async () => {
      const clone = await storage.clone("shop.g1", "env.d");
      const before = await storage.usage("env.d");
      expect(before.totalBytes).toBeGreaterThan(8 * MIB);
      expect(before.ownBytes).toBeLessThan(place.driver === "copy" ? before.totalBytes + 1 : 2 * MIB);
      const delta = await open(join(clone, "delta"), "w");
      await delta.write(Buffer.alloc(4 * MIB, "d"));
      await delta.sync(); // what is only in memory is nobody's yet
      await delta.close();
      const { ownBytes, totalBytes } = await storage.usage("env.d");
      expect([ownBytes - before.ownBytes, totalBytes - before.totalBytes]).toEqual([4 * MIB, 4 * MIB]);
    });

    it("needs no source once a copy is made", async () => {
      await fillTree(await storage.createVolume("other.raw"), "other");
      const whole = await describeTree(await storage.snapshot("other.raw", "other"));
      const clone = await storage.clone("other", "other.env");
      for (const id of ["other.raw", "other"]) expect(await storage.destroy(id)).toBe(true);
      await storage.freed();
      expect(await describeTree(clone)).toEqual(whole);
      expect(await storage.clone("other", "other.env")).toBe(clone);
      expect(await storage.destroy("other.env")).toBe(true);
      expect(await storage.destroy("other.env")).toBe(false);
      expect((await ids()).filter((id) => id.startsWith("other"))).toEqual([]);
    });

    it("gives no name twice, and says what is not there", async () => {
      await expect(storage.createVolume("shop.g1")).rejects.toMatchObject({ code: "dataset/storage-taken" });
      await expect(storage.snapshot("env.b", "shop.g1")).rejects.toMatchObject({ code: "dataset/storage-taken" });
      await expect(storage.clone("shop.g1.raw", "env.e")).rejects.toMatchObject({ code: "dataset/storage-taken" });
      const missing = { code: "dataset/storage-missing" };
      await expect(storage.snapshot("gone", "x")).rejects.toMatchObject(missing);
      await expect(storage.clone("gone", "x")).rejects.toMatchObject(missing);
      await expect(storage.directory("gone")).rejects.toMatchObject(missing);
      await expect(storage.usage("gone")).rejects.toMatchObject(missing);
      expect(await ids()).not.toContain("x");
    });

    it("makes one of many that are asked for at once", async () => {
      const made = await Promise.all(Array.from({ length: 6 }, () => storage.clone("shop.g1", "env.once")));
      expect(new Set(made).size).toBe(1);
      expect(await describeTree(made[0] ?? "")).toEqual(golden);
      expect((await ids()).filter((id) => id === "env.once")).toHaveLength(1);
    });

    it("never follows a link out of a volume", async () => {
      await mkdir(join(place.outside, "kept"));
      await writeFile(join(place.outside, "kept", "file"), "mine");
      const volume = await storage.createVolume("links.raw");
      await symlink(join(place.outside, "kept"), join(volume, "way-out"));
      await symlink(place.outside, join(volume, "uploads"));
      const snapshot = await storage.snapshot("links.raw", "links");
      expect((await readdir(snapshot, { withFileTypes: true })).every((entry) => entry.isSymbolicLink())).toBe(true);
      await storage.usage("links");
      for (const id of ["links.raw", "links"]) await storage.destroy(id);
      await storage.freed();
      await writeFile(join(place.outside, "kept", "file"), "still mine"); // neither removed nor immutable
      expect(await readdir(join(place.outside, "kept"))).toEqual(["file"]);
    });

    it("is whole again after kill -9 before and after any program that it runs", { timeout: 600_000 }, async () => {
      const total = await killedAt(0, "before", "whole");
      for (let call = 1; call <= total; call += 1)
        for (const when of ["before", "after"] as const) await killedAt(call, when, `r${String(call)}.${when}`);
      expect(total).toBeGreaterThan(3);
    });

    it("is whole again after kill -9 at any time", { timeout: 600_000 }, async () => {
      for (let round = 0; round < 6; round += 1) {
        await deadly.arm(0, "before");
        const child = spawn(process.execPath, [CHILD, place.root, place.driver, place.outside, `t${String(round)}`], { stdio: "ignore" });
        const ended = once(child, "exit");
        await expect
          .poll(async () => child.exitCode !== null || (await hasBegun(`t${String(round)}`, round)), { timeout: 180_000, interval: 1 })
          .toBe(true);
        child.kill("SIGKILL");
        await ended;
        await isWhole(`t${String(round)}`);
      }
    });

    /** Whether a child has come as far as the round wants: later in each. */
    async function hasBegun(round: string, far: number): Promise<boolean> {
      const there = (await ids()).filter((id) => id.startsWith(`${round}.`)).length;
      return there >= Math.min(far % 3, 2);
    }

    async function killedAt(call: number, when: "before" | "after", round: string): Promise<number> {
      await deadly.arm(call, when);
      const environment = { ...process.env, PATH: deadly.searchPath };
      const child = spawn(process.execPath, [CHILD, place.root, place.driver, place.outside, round], { stdio: "ignore", env: environment });
      const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
      expect(call === 0 ? code : signal).toBe(call === 0 ? 0 : "SIGKILL");
      await isWhole(round);
      return deadly.calls();
    }

    /** Another process sees only whole things, cleans up, and finishes what the dead one began. */
    async function isWhole(round: string): Promise<void> {
      storage = await opened();
      await storage.freed();
      const root = (await storage.probe()).root;
      expect([await readdir(join(root, ".making")), await readdir(join(root, ".trash"))]).toEqual([[], []]);
      for (const { id, kind } of (await storage.list()).filter((one) => one.id.startsWith(`${round}.`))) {
        const token = await readFile(join(await storage.directory(id), "token"), "utf8").catch(() => "");
        if (kind !== "volume") expect([id, token]).toEqual([id, round]);
      }
      await writeFile(join(await storage.createVolume(`${round}.raw`), "token"), round);
      await storage.snapshot(`${round}.raw`, `${round}.golden`);
      const clone = await storage.clone(`${round}.golden`, `${round}.env`);
      expect(await readFile(join(clone, "token"), "utf8")).toBe(round);
      for (const id of [`${round}.raw`, `${round}.golden`, `${round}.env`]) expect(await storage.destroy(id)).toBe(true);
      await storage.freed();
      expect((await ids()).filter((id) => id.startsWith(`${round}.`))).toEqual([]);
    }
  });
}
