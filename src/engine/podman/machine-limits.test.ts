import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { machineLimits } from "./machine-limits.ts";

describe("limits that the machine's cgroups keep", () => {
  let root: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "howdah-cgroups-"));
  });
  afterEach(() => rm(root, { recursive: true }));

  it("are those that cgroups v2 list", async () => {
    await writeFile(join(root, "cgroup.controllers"), "cpuset cpu io memory\n");
    expect(await machineLimits(root)()).toEqual({ memory: true, cpu: true, pids: false });
  });

  it("are those that cgroups v1 have a directory for", async () => {
    for (const name of ["memory", "pids"]) await mkdir(join(root, name));
    expect(await machineLimits(root)()).toEqual({ memory: true, cpu: false, pids: true });
  });

  it("are none without cgroups", async () => {
    expect(await machineLimits(join(root, "nowhere"))()).toEqual({ memory: false, cpu: false, pids: false });
  });
});
