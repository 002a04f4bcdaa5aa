import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BackupRecord } from "../../src/workflows/backup/backup-record.ts";
import { answered, directoryStore, sqlOf } from "../support/backup-rig.ts";
import { faultSite, type TestSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";

const skip = await whyNoMachine();
const MINUTES = 240_000;

describe.skipIf(skip !== undefined)(`backups${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let site: TestSite;
  let first: BackupRecord;

  beforeAll(async () => {
    machine = await howdahMachine("backup", 18_880);
    site = await faultSite(machine, "shop");
    await machine.ok("up", site.directory);
    await directoryStore(machine);
    await sqlOf(machine, "shop", "CREATE TABLE goods (id INT PRIMARY KEY, name TEXT); INSERT INTO goods VALUES (1, 'tea'), (2, '\\n(3');");
    await writeFile(join(machine.directory, "logo.txt"), "the logo");
    await machine.ok("files", "put", "shop", join(machine.directory, "logo.txt"), "public/uploads/");
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  const goods = () => sqlOf(machine, "shop", "SELECT COUNT(*) FROM goods");
  const uploads = async () => {
    const entries = await answered<{ name: string }[]>(machine, "files", "ls", "shop", "public/uploads");
    return entries.map(({ name }) => name).filter((name) => name.endsWith(".txt"));
  };

  it("are proved by restoring into a scratch place, and hold no secret in the clear", { timeout: MINUTES }, async () => {
    first = await answered(machine, "backup", "now", "shop");
    expect(first.verified).toMatchObject({ equal: true, reason: null });
    expect(first.database?.tables["goods"]?.rows).toBe(2);
    const { stdout } = await machine.ok("backup", "ls", "shop");
    expect(stdout).toContain("verified by restoring at");
    const state = machine.environment["HOWDAH_STATE_DIR"] ?? "";
    const password = (JSON.parse(await readFile(join(state, "secrets/shop/database.json"), "utf8")) as { password: string }).password;
    expect(JSON.stringify(first) + (await readFile(join(state, `backup/records/shop.${first.id}.json`), "utf8"))).not.toContain(password);
  });

  it("are restored with what came later gone, and the way back is told", { timeout: MINUTES }, async () => {
    await sqlOf(machine, "shop", "DELETE FROM goods WHERE id = 1; CREATE TABLE later (id INT);");
    await writeFile(join(machine.directory, "later.txt"), "later");
    await machine.ok("files", "put", "shop", join(machine.directory, "later.txt"), "public/uploads/");
    const { before } = await answered<{ before: string }>(machine, "backup", "restore", "shop", first.id, "--yes");
    expect([await goods(), await uploads()]).toEqual([["2"], ["logo.txt"]]);
    expect(await sqlOf(machine, "shop", "SHOW TABLES LIKE 'later'")).toEqual([]);
    expect(await site.page()).toContain("release");
    await machine.ok("backup", "restore", "shop", before, "--yes");
    expect([await goods(), await uploads()]).toEqual([["1"], ["later.txt", "logo.txt"]]);
  });

  it("give one table back, and nothing else", { timeout: MINUTES }, async () => {
    await sqlOf(machine, "shop", "DROP TABLE goods; CREATE TABLE own (id INT); INSERT INTO own VALUES (7);");
    const { stdout } = await machine.ok("db", "restore", "shop", "--table", "goods", "--from", first.id, "--yes");
    expect(stdout).toContain("--clean --yes` takes it back");
    expect([await goods(), await sqlOf(machine, "shop", "SELECT id FROM own")]).toEqual([["2"], ["7"]]);
    const unknown = await machine.howdah("db", "restore", "shop", "--table", "none", "--from", first.id, "--yes");
    expect([unknown.code, unknown.stderr]).toEqual([66, expect.stringContaining("[backup/unknown]")]);
  });

  it("are made and proved by the agent on schedule, and old ones go", { timeout: MINUTES }, async () => {
    await machine.ok(
      "backup",
      "schedule",
      "shop",
      "--at",
      "* * * * *",
      "--keep-last",
      "1",
      "--keep-daily",
      "0",
      "--keep-weekly",
      "0",
      "--keep-monthly",
      "0",
    );
    const scheduled = async () =>
      (await answered<{ backups: BackupRecord[] }>(machine, "backup", "ls", "shop")).backups.filter(
        ({ why, verified }) => why === "schedule" && verified !== null,
      );
    const end = Date.now() + MINUTES - 20_000;
    while ((await scheduled()).length === 0 && Date.now() < end) await sleep(1000);
    expect((await scheduled())[0]?.verified).toMatchObject({ equal: true });
    await machine.ok("backup", "schedule", "shop", "--off");
    const ids = (await answered<{ backups: BackupRecord[] }>(machine, "backup", "ls", "shop")).backups.map(({ id }) => id);
    expect(ids).toContain(first.id); // what a person asked for stays
    await machine.ok("backup", "delete", "shop", first.id, "--yes");
    await machine.ok("backup", "store", "check", "--everything");
  });
});
