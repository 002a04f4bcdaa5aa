import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { extract } from "tar-stream";
import { describe, expect, it } from "vitest";
import type { BinlogSegment } from "../binlog/binlog-archive.ts";
import { plainVersion } from "./backup-image.ts";
import { binlogBlocks, binlogsBefore } from "./binlogs-before.ts";
import { choose } from "./restore-from-server.ts";
import { BLOCK_BYTES } from "./scratch-server.ts";
import type { ServerBackup } from "./server-backup.ts";
import { checksumStatements, isUntouched, readChecksum, type TableState } from "./table-contents.ts";
import { differingTables } from "./verify-server-backup.ts";

describe("a table that a backup is compared with", () => {
  const table: TableState = { database: "shop", name: "t", updated: 50, changes: 3, lasts: true };
  it.each([
    { name: "was left alone", now: {}, untouched: true },
    { name: "was written to", now: { updated: 100 }, untouched: false },
    { name: "was written to and opened anew since, so its time is lost", now: { updated: 0, changes: 4 }, untouched: false },
    { name: "was committed to by who had counted before", now: { updated: 101 }, untouched: false },
  ])("$name", ({ now, untouched }) => {
    expect(isUntouched(table, { ...table, ...now }, 100)).toBe(untouched);
  });

  it("is none whose rows end with the server", () => {
    expect(isUntouched({ ...table, lasts: false }, table, 100)).toBe(false);
  });

  it("is asked after by its quoted name, two hundred at once", () => {
    const tables = Array.from({ length: 201 }, (_, at) => ({ database: "a`b", name: `t${String(at)}` }));
    const [first, second, ...more] = checksumStatements(tables).map(({ text }) => text);
    expect([first?.startsWith("CHECKSUM TABLE `a``b`.`t0`, `a``b`.`t1`"), second, more]).toEqual([
      true,
      "CHECKSUM TABLE `a``b`.`t200`",
      [],
    ]);
  });
});

it("names the tables of a scratch server that are missing or hold something else, not those that nobody can know", () => {
  const tables = ["5", "6", null, null].map((checksum, at) => ({ database: "shop", name: `t${String(at)}`, checksum }));
  expect(differingTables(tables, ["5", "7", "8", null])).toEqual(["shop.t1 has other content", "shop.t3 is missing"]);
  expect([readChecksum("NULL"), readChecksum(undefined), readChecksum("12")]).toEqual([null, null, "12"]);
});

it("knows Debian's version and the server's own for the same", () => {
  expect([plainVersion("1:11.8.6-0+deb13u1"), plainVersion("11.8.6-MariaDB-log"), plainVersion("")]).toEqual(["11.8.6", "11.8.6", "0"]);
});

describe("the backup of a server that leads to a second", () => {
  const files = ["binlog.000003", "binlog.000004", "binlog.000005"].map((file) => ({ file, bytes: 10 }));
  const segment: BinlogSegment = { timeline: "a", files, from: "2026-01-01T00:00:00.000Z", to: "2026-01-01T12:00:00.000Z", ended: null };
  const backup = (id: string, ended: string, timeline = "a", file = "binlog.000004") =>
    ({ id, state: "done", ended: `2026-01-01T${ended}.000Z`, position: { timeline, file, offset: 9 } }) as ServerBackup;
  const at = Date.parse("2026-01-01T10:00:00Z");

  it("is the last one before it, with the binlogs from its own on", () => {
    const found = choose(at, [segment], undefined, [
      backup("early", "08:00:00", "a", "binlog.000003"),
      backup("late", "09:00:00"),
      backup("after", "10:00:01"),
    ]);
    expect([found.base.id, found.files, found.bytes]).toEqual(["late", ["binlog.000004", "binlog.000005"], 20]);
  });

  it("is none of another data directory, none whose binlog is gone, and none that a person did not choose", () => {
    const others = [backup("other", "09:00:00", "b"), backup("gone", "09:00:00", "a", "binlog.000001")];
    expect(() => choose(at, [segment], undefined, others)).toThrow("lead to 2026-01-01T10:00:00.000Z");
    expect(() => choose(at, [segment], backup("after", "10:00:01"), [backup("late", "09:00:00")])).toThrow("lead to");
    expect(() => choose(Date.parse("2026-01-01T13:00:00Z"), [segment], undefined, [backup("late", "09:00:00")])).toThrow("lead to");
  });
});

it("sends binlogs as a tar of whole blocks, then a server's files", async () => {
  const directory = await mkdtemp(join(tmpdir(), "howdah-before-"));
  const paths = [join(directory, "binlog.000001"), join(directory, "binlog.000002")];
  await writeFile(paths[0] ?? "", "x".repeat(70_000));
  await writeFile(paths[1] ?? "", "y");
  const sent = await buffer(Readable.from(binlogsBefore(paths, Readable.from([Buffer.from("files")])), { objectMode: false }));
  const blocks = await binlogBlocks(paths);
  const names: string[] = [];
  const reading = extract();
  reading.end(sent.subarray(0, blocks * BLOCK_BYTES));
  for await (const entry of reading) {
    names.push(`${entry.header.name} ${String(entry.header.size)}`);
    entry.resume();
  }
  expect([names, sent.subarray(blocks * BLOCK_BYTES).toString(), await binlogBlocks([])]).toEqual([
    ["binlog.000001 70000", "binlog.000002 1"],
    "files",
    0,
  ]);
  await rm(directory, { recursive: true });
});
