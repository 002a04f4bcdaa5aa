import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chooseDriver, missingForLoop } from "./choose-driver.ts";

describe("how a machine's datasets are copied", () => {
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "t-choose-"));
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it("is as it was wished for, where that can be anywhere", async () =>
    expect(await chooseDriver(directory, { driver: "copy", searchPath: "" })).toEqual({ driver: "copy", loop: false }));

  it("leaves nothing of the trial behind", async () => {
    const { driver, loop } = await chooseDriver(directory, { searchPath: process.env["PATH"] ?? "" });
    expect(loop ? "btrfs" : driver).toBe(driver);
    expect(await readdir(directory)).toEqual([]);
  });

  it("names what a loop file lacks, and where it comes from", async () => {
    const missing = await missingForLoop("");
    if (missing !== undefined) expect(missing).toMatch(/root|btrfs-progs|losetup|loop devices/);
  });
});
