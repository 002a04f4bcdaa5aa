import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { BackupPorts } from "./backup-ports.ts";
import { inScratchDirectory } from "./fetch-parts.ts";

let stateDirectory: string;
beforeEach(async () => {
  stateDirectory = await mkdtemp(join(tmpdir(), "t-scratch-"));
});
afterEach(() => rm(stateDirectory, { recursive: true, force: true }));

it("a scratch directory is gone with its work, and what a killed command left with the next one", async () => {
  const parent = join(stateDirectory, "scratch");
  for (const name of ["backup-11-100.abc", "backup-22-200.abc", "backup-Xy12ab", "another"])
    await mkdir(join(parent, name), { recursive: true });
  const machine = { processIdentity: async () => "33-300", isProcessAlive: async (identity: string) => identity === "22-200" };
  const ports = { settings: { stateDirectory }, machine } as unknown as Pick<BackupPorts, "settings" | "machine">;
  const meanwhile = await inScratchDirectory(1, ports, async () => await readdir(parent));
  expect(meanwhile.map((name) => name.replace(/^(backup-33-300)\..+$/, "$1")).toSorted()).toEqual([
    "another",
    "backup-22-200.abc",
    "backup-33-300",
  ]);
  expect((await readdir(parent)).toSorted()).toEqual(["another", "backup-22-200.abc"]);
});
