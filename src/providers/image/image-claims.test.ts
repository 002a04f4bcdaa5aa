import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startOf } from "../../host/process-identity.ts";
import { imageClaims } from "./image-claims.ts";

let directory: string;
let child: ChildProcess;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "howdah-"));
  child = spawn(process.execPath, ["-e", "setTimeout(() => undefined, 60_000)"]);
  await once(child, "spawn");
});
afterEach(async () => {
  child.kill("SIGKILL");
  await rm(directory, { recursive: true, force: true });
});

/** Another process claims; its file is what `claim` writes. */
const claimOfChild = async (reference: string, at: number): Promise<void> =>
  writeFile(join(directory, `${child.pid}-${await startOf(child.pid ?? 0)}.json`), JSON.stringify({ [reference]: at }));
const removed = (): Promise<boolean> => Promise.resolve(true);

describe("claims of images", () => {
  it("keep what another process that lives needs, and nothing else", async () => {
    await claimOfChild("a", 1);
    const claims = imageClaims(directory);
    const now = Date.now();
    expect([await claims.removeUnclaimed("a", now, removed), await claims.removeUnclaimed("b", now, removed)]).toEqual([false, true]);
  });

  it("of a process that has ended count for a removal that was decided before", async () => {
    const decided = Date.now();
    await claimOfChild("early", decided - 1000);
    const claims = imageClaims(directory);
    child.kill("SIGKILL");
    await once(child, "close");
    expect(await claims.removeUnclaimed("early", decided, removed)).toBe(true);
    expect(await claims.removeUnclaimed("early", decided - 2000, removed)).toBe(false);
  });

  it("of this process do not stand in its own way", async () => {
    const claims = imageClaims(directory);
    await Promise.all([claims.claim(["a"]), claims.claim(["b"])]);
    expect(await claims.removeUnclaimed("a", Date.now(), removed)).toBe(true);
    expect((await readdir(directory)).length).toBe(1);
  });

  it("that are long dead are forgotten", async () => {
    await writeFile(join(directory, "1-1.json"), JSON.stringify({ a: 1 }));
    await imageClaims(directory).claim(["b"]);
    expect(await readdir(directory)).not.toContain("1-1.json");
  });
});
