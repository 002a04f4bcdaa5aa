import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dumpsToDrop, verifyDump } from "./migration-dumps.ts";

const dump = (step: string, day: number): string => `before-migration-${step}-2026-01-${String(day).padStart(2, "0")}T00-00-00-000Z.sql.gz`;

describe("dumps from before migrations", () => {
  it.each<{ name: string; there: string[]; drops: string[] }>([
    { name: "keeps three migrations", there: [dump("aa", 1), dump("bb", 2), dump("cc", 3)], drops: [] },
    { name: "drops the oldest of four", there: [dump("dd", 4), dump("aa", 1), dump("bb", 2), dump("cc", 3)], drops: [dump("aa", 1)] },
    {
      name: "keeps the first of a migration that failed many times: nothing was changed yet, and the newest",
      there: [dump("aa", 1), dump("aa", 2), dump("aa", 3), dump("aa", 4), dump("aa", 5)],
      drops: [dump("aa", 2), dump("aa", 3), dump("aa", 4)],
    },
    {
      name: "counts a migration by its newest dump",
      there: [dump("aa", 1), dump("bb", 2), dump("cc", 3), dump("dd", 4), dump("aa", 5)],
      drops: [dump("bb", 2)],
    },
    { name: "touches no other file", there: ["before-import-2026-01-01.sql.gz", "mine.sql.gz", "before-migration-x.sql.gz"], drops: [] },
  ])("$name", ({ there, drops }) => expect(dumpsToDrop(there)).toEqual(drops));
});

describe("verifyDump", () => {
  const sql = `${"INSERT INTO t VALUES (1);\n".repeat(5000)}-- Dump completed on 2026-01-01\n`;
  let directory = "";
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), "howdah-dump-"));
  });
  afterAll(() => rm(directory, { recursive: true }));
  const verify = async (bytes: Uint8Array, expected = sql.length): Promise<void> => {
    const file = join(directory, "a.sql.gz");
    await writeFile(file, bytes);
    await verifyDump(file, expected, new AbortController().signal);
  };

  it("takes a whole one", () => verify(gzipSync(sql)));
  it.each<[string, Uint8Array, number | undefined, RegExp]>([
    ["an empty file", Buffer.alloc(0), undefined, /damaged/],
    ["the 20 bytes of gzip without anything", gzipSync(""), undefined, /0 of/],
    ["nothing, as promised", gzipSync(""), 0, /last line/],
    ["half a file", gzipSync(sql).subarray(0, 200), undefined, /damaged/],
    ["a flipped bit", gzipSync(sql).map((byte, at) => (at === 60 ? byte ^ 4 : byte)), undefined, /damaged/],
    ["less than was written", gzipSync(sql.slice(9)), undefined, /of/],
    ["no last line", gzipSync(sql.replace("Dump completed", "Dump cut short")), undefined, /last line/],
  ])("refuses %s", async (_name, bytes, expected, words) => {
    await expect(verify(bytes, expected)).rejects.toMatchObject({ code: "database/failed", message: expect.stringMatching(words) });
  });
});
