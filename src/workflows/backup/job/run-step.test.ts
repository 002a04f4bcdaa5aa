import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { BackupRepository, SavedPart } from "../../../providers/backup/backup-repository.ts";
import type { BackupOrders, StepPaths } from "./orders.ts";
import { type BackupStep, runStep } from "./run-step.ts";

interface Stored extends SavedPart {
  readonly bytes: Buffer;
}

/** A store in memory that opens with one password. */
function memoryStore(now: () => number) {
  const parts = new Map<string, Stored>();
  let made = 0;
  const repository: { -readonly [Name in keyof BackupRepository]: BackupRepository[Name] } = {
    ensure: async () => false,
    save: async ({ name, tags }, produce) => {
      const sink = new PassThrough();
      const whole = buffer(sink);
      await produce(sink);
      sink.end();
      const part = { id: `p${String((made += 1))}`, time: new Date(now()).toISOString(), tags, paths: [name] };
      parts.set(part.id, { ...part, bytes: await whole });
      return part;
    },
    read: (id) => ({ stream: Readable.from([parts.get(id)?.bytes ?? Buffer.alloc(0)]), done: Promise.resolve() }),
    list: async (tags) => [...parts.values()].filter((one) => tags.every((tag) => one.tags.includes(tag))),
    forget: async (ids) => {
      for (const id of ids) parts.delete(id);
    },
    saveDirectory: () => Promise.reject(new Error("not asked")),
    readDirectory: () => Promise.reject(new Error("not asked")),
    check: () => Promise.resolve(),
  };
  return { parts, repository };
}

const DUMP = `-- MariaDB dump
-- Table structure for table \`a\`
CREATE TABLE \`a\` (id INT);
-- Dumping data for table \`a\`
INSERT INTO \`a\` VALUES
(1),
(2);
-- Dump completed
`;

describe("the steps of a backup's Job", () => {
  let directory: string;
  let paths: StepPaths;
  let time: number;
  let store: ReturnType<typeof memoryStore>;
  let orders: BackupOrders;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "t-steps-"));
    const at = (name: string): string => join(directory, name);
    paths = {
      ...{
        work: at("work"),
        dump: at("work/database.sql"),
        stored: at("work/stored.sql"),
        again: at("work/again.sql"),
        files: at("work/files"),
      },
      ...{ record: at("work/record.json"), store: at("store"), key: at("key"), password: at("password"), answer: at("answer") },
    };
    for (const one of ["work", "key", "site"]) await mkdir(at(one));
    await writeFile(join(paths.key, "password"), "right\n");
    await writeFile(paths.dump, DUMP);
    for (const one of ["tables-before", "tables-after"]) await writeFile(join(paths.work, one), "a\n");
    await writeFile(join(paths.work, "version"), "11.8.2\n");
    await writeFile(at("site/picture"), "waves");
    time = Date.parse("2026-11-22T12:00:00Z");
    store = memoryStore(() => time);
    orders = {
      ...{
        id: "20261122-120000-0001",
        namespace: "acme",
        site: "blog",
        plan: "site",
        store: "default",
        why: "asked",
        keep: null,
        onlyCompare: true,
      },
      ...{ location: { kind: "directory", path: at("store") }, database: { name: "acme", user: "acme", server: "s" }, roots: [at("site")] },
    };
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  async function step(name: BackupStep, more: Partial<BackupOrders> = {}): Promise<Record<string, never>> {
    const ports = { backups: { open: () => store.repository }, clock: { now: () => time } };
    const code = await runStep(name, { ...orders, ...more }, { ports, signal: new AbortController().signal, paths });
    const said = JSON.parse(await readFile(paths.answer, "utf8")) as Record<string, never>;
    expect(code).toBe("failed" in said ? 1 : 0);
    return said;
  }
  const parts = (part: string): number => [...store.parts.values()].filter(({ tags }) => tags.includes(`part=${part}`)).length;
  const backUp = async (id: string, more: Partial<BackupOrders> = {}): Promise<Record<string, never>> => {
    await step("save", { id, ...more });
    await step("fetch", { id, ...more });
    await rm(paths.stored);
    await writeFile(paths.again, DUMP);
    return await step("judge", { id, ...more });
  };

  it("save, read back, and call verified what a server dumped again", async () => {
    expect(await step("save")).toMatchObject({ made: { id: orders.id, tables: 1, rows: 2, files: 1 } });
    expect(await step("fetch")).toEqual({ fetched: orders.id });
    expect(await readFile(paths.stored, "utf8")).toBe(DUMP);
    await writeFile(paths.again, DUMP);
    expect(await step("judge")).toMatchObject({ verified: { id: orders.id, rows: 2 }, kept: [orders.id] });
    expect(parts("verified")).toBe(1);
  });

  it("save nothing of a dump that breaks off, or lacks a table", async () => {
    await writeFile(paths.dump, DUMP.replace("-- Dump completed\n", ""));
    expect(await step("save")).toMatchObject({ failed: { code: "backup/failed", message: expect.stringContaining("last line") } });
    await writeFile(paths.dump, DUMP);
    for (const one of ["tables-before", "tables-after"]) await writeFile(join(paths.work, one), "a\nb\n");
    expect(await step("save")).toMatchObject({ failed: { message: expect.stringContaining("lacks b") } });
    expect(parts("manifest")).toBe(0);
  });

  it("call nothing verified that came back otherwise", async () => {
    await step("save");
    await step("fetch");
    await writeFile(paths.again, DUMP.replace("(2)", "(3)"));
    expect(await step("judge")).toMatchObject({ failed: { code: "backup/damaged" } });
    await writeFile(paths.again, DUMP.replace("-- Dump completed\n", ""));
    expect(await step("judge")).toMatchObject({ failed: { code: "backup/damaged" } });
    expect(parts("verified")).toBe(0);
  });

  it("see a stored dump that is another than what was saved", async () => {
    await step("save");
    const [id, part] = [...store.parts].find(([, { tags }]) => tags.includes("part=database")) ?? ["", undefined];
    if (part !== undefined) store.parts.set(id, { ...part, bytes: Buffer.from(DUMP.slice(0, 60)) });
    expect(await step("fetch")).toMatchObject({ failed: { code: "backup/damaged" } });
  });

  it("say which key a Secret lacks", async () => {
    await rm(join(paths.key, "password"));
    expect(await step("save")).toMatchObject({ failed: { code: "backup/store-refused" } });
  });

  it("put files back as they were, and delete what came later", async () => {
    await step("save");
    const site = orders.roots[0] ?? "";
    await rm(join(site, "picture"));
    await mkdir(join(site, "new"));
    await writeFile(join(site, "new/later"), "x");
    await step("fetch", { onlyCompare: false });
    expect(await step("put")).toMatchObject({ restored: { id: orders.id, files: 1 } });
    expect([await readdir(site), await readFile(join(site, "picture"), "utf8")]).toEqual([["picture"], "waves"]);
  });

  it("refuse to restore what has no place in the site", async () => {
    await step("save");
    expect(await step("fetch", { onlyCompare: false, roots: [] })).toMatchObject({ failed: { code: "usage/invalid" } });
    expect(await step("fetch", { onlyCompare: false, database: null })).toMatchObject({ failed: { code: "usage/invalid" } });
  });

  it("delete what is no longer kept of their own Backup, and of no other", async () => {
    const keep = { last: 1, daily: 0, weekly: 0, monthly: 0 };
    await backUp("20261122-120000-000a", { plan: "other" });
    await backUp("20261122-120000-000b");
    time += 60_000;
    expect(await backUp("20261122-120100-000c", { keep })).toMatchObject({ kept: ["20261122-120100-000c"] });
    const left = new Set([...store.parts.values()].map(({ tags }) => tags.find((tag) => tag.startsWith("backup="))));
    expect(left).toEqual(new Set(["backup=20261122-120000-000a", "backup=20261122-120100-000c"]));
  });

  it("delete what is asked for of their own Backup alone, also what was cut off in the middle of that", async () => {
    const [one, two] = ["20261122-120000-000b", "20261122-120000-000c"] as const;
    await backUp(one, { plan: "other" });
    await backUp(one);
    await backUp(two);
    const left = (): readonly string[] =>
      [...new Set([...store.parts.values()].map(({ tags }) => tags.filter((tag) => /^(backup|plan)=/.test(tag)).join(" ")))].toSorted();
    const manifest = [...store.parts].find(([, { tags }]) =>
      ["plan=site", `backup=${one}`, "part=manifest"].every((tag) => tags.includes(tag)),
    );
    store.parts.delete(manifest?.[0] ?? "");
    expect(await step("forget", { forget: [one] })).toEqual({ deleted: [one] });
    expect(left()).toEqual([`backup=${one} plan=other`, `backup=${two} plan=site`]);
    expect(await step("forget", { forget: [one] })).toMatchObject({ failed: { code: "backup/unknown" } });
    expect(await step("forget", { forget: "all" })).toEqual({ deleted: "all" });
    expect(left()).toEqual([`backup=${one} plan=other`]);
  });

  it("neither count the backup from before a restore nor delete it within seven days", async () => {
    const keep = { last: 1, daily: 0, weekly: 0, monthly: 0 };
    const day = 24 * 60 * 60_000;
    await backUp("20261122-120000-000a", { why: "before a restore" });
    time += day;
    await backUp("20261123-120000-000b", { why: "schedule", keep });
    time += day;
    const kept = ["20261124-120000-000c", "20261122-120000-000a"];
    expect(await backUp("20261124-120000-000c", { why: "schedule", keep })).toMatchObject({ kept });
    time += 5 * day + 1;
    expect(await backUp("20261129-120000-000d", { why: "schedule", keep })).toMatchObject({ kept: ["20261129-120000-000d"] });
  });

  it("call a backup verified that was proved, and say why what is no longer kept could not be deleted", async () => {
    const keep = { last: 1, daily: 0, weekly: 0, monthly: 0 };
    await backUp("20261122-120000-000b");
    time += 60_000;
    store.repository.forget = () => Promise.reject(new Error("the store is locked"));
    const said = await backUp("20261122-120100-000c", { keep });
    expect(said).toMatchObject({ verified: { id: "20261122-120100-000c" }, kept: null, uncleaned: "the store is locked" });
  });
});
