import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RestoredServer } from "../../src/workflows/backup/server/restore-server.ts";
import type { ServerBackup } from "../../src/workflows/backup/server/server-backup.ts";
import { answered, A_SECOND_AND_MORE, directoryStore, numbers, sqlOf } from "../support/backup-rig.ts";
import { faultSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";

const skip = await whyNoMachine();
const MINUTES = 240_000;
const SERVER = "mariadb-11-8";

describe.skipIf(skip !== undefined)(`a whole database server${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let made: ServerBackup;
  let before: string;

  const count = (site: string) => numbers(machine).count(site);
  const insert = (site: string, from: number, rows: number) => numbers(machine).insert(site, from, rows);

  beforeAll(async () => {
    machine = await howdahMachine("server", 18_984);
    const first = await faultSite(machine, "one");
    await machine.ok("up", first.directory);
    await machine.ok("up", (await faultSite(machine, "two", first)).directory);
    await directoryStore(machine);
    await numbers(machine).create("one", "two");
    await insert("one", 0, 50);
    await insert("two", 0, 65);
    await sleep(A_SECOND_AND_MORE); // a table that was written to in the second that the backup begins in is not compared
  }, MINUTES);
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  }, MINUTES);

  it("is backed up while it serves, and counts as verified after a scratch server on it was compared", { timeout: MINUTES }, async () => {
    made = await answered<ServerBackup>(machine, "backup", "server", "now", SERVER);
    expect(made.verified).toMatchObject({ equal: true, reason: null });
    expect(made.verified?.compared).toBeGreaterThanOrEqual(2);
    expect(new Set(made.databases.map(({ namespace }) => namespace))).toEqual(new Set(["one", "two"]));
    expect(made.position?.file).toMatch(/^binlog\.\d+$/);
    const { stdout } = await machine.ok("backup", "server", "ls", SERVER);
    expect(stdout).toContain("verified by restoring");
  });

  it("gives one site back as it was at a second, and its neighbour keeps its own", { timeout: MINUTES }, async () => {
    await insert("one", 50, 15);
    await sleep(A_SECOND_AND_MORE);
    before = await numbers(machine).second("one");
    await sleep(A_SECOND_AND_MORE);
    await sqlOf(machine, "one", "DROP TABLE numbers;");
    await insert("two", 65, 5);
    await machine.ok("backup", "server", "restore", SERVER, "--site", "one", "--at", before, "--yes");
    expect([await count("one"), await count("two")]).toEqual([["65"], ["70"]]);
    await machine.ok("backup", "server", "restore", SERVER, made.id, "--site", "one", "--yes");
    expect([await count("one"), await count("two")]).toEqual([["50"], ["70"]]);
  });

  it("goes back as a whole, and takes that back", { timeout: MINUTES }, async () => {
    await sqlOf(machine, "one", "DELETE FROM numbers WHERE n < 10;");
    const restored = await answered<RestoredServer>(machine, "backup", "server", "restore", SERVER, "--yes");
    expect([restored.sites, restored.empty]).toEqual([["one", "two"], []]);
    expect([await count("one"), await count("two")]).toEqual([["50"], ["65"]]);
    await machine.ok("backup", "server", "restore", SERVER, "--undo", "--yes");
    expect([await count("one"), await count("two")]).toEqual([["40"], ["70"]]);
  });
});
