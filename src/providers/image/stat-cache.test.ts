import { lstatSync } from "node:fs";
import { mkdtemp, readdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openStatCache, type StatCache } from "./stat-cache.ts";

let directory: string;
let file: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "howdah-"));
  file = join(directory, "a.php");
  await writeFile(file, "one");
});
afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

const SHA256 = "a".repeat(64);
const open = (): Promise<StatCache> => openStatCache(join(directory, "cache"), "/srv/tree");
/** As if the file had been read this long after its last change. */
const rememberAfter = async (milliseconds: number): Promise<void> => {
  const cache = await open();
  const found = lstatSync(file, { bigint: true });
  cache.remember(file, found, { sha256: SHA256, readAt: Number(found.ctimeNs / 1_000_000n) + milliseconds });
  await cache.save();
};
const lookup = async (): Promise<string | undefined> => (await open()).lookup(file, lstatSync(file, { bigint: true }));

describe("stat cache", () => {
  it("knows a file that did not change, in the next process too", async () => {
    await rememberAfter(10_000);
    expect(await lookup()).toBe(SHA256);
  });

  it("does not trust a file that was read in the tick of its last change: a second write would not show", async () => {
    await rememberAfter(5);
    expect(await lookup()).toBeUndefined();
  });

  it("sees a change of the same length with the time set back, by the change time", async () => {
    const { mtime, atime } = lstatSync(file);
    await rememberAfter(10_000);
    await writeFile(file, "two");
    await utimes(file, atime, mtime);
    expect(await lookup()).toBeUndefined();
  });

  it("sees another file under the same name", async () => {
    await rememberAfter(10_000);
    await writeFile(`${file}.new`, "one");
    await rename(`${file}.new`, file);
    expect(await lookup()).toBeUndefined();
  });

  it("forgets files that were not asked about, and starts empty when its file is damaged", async () => {
    await rememberAfter(10_000);
    await (await open()).save();
    expect(await lookup()).toBeUndefined();
    await rememberAfter(10_000);
    const [name = ""] = await readdir(join(directory, "cache"));
    await writeFile(join(directory, "cache", name), "{");
    expect(await lookup()).toBeUndefined();
  });
});
