import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BackupRecord } from "../../src/workflows/backup/backup-record.ts";
import type { Recoverable } from "../../src/workflows/backup/binlog/recoverable.ts";
import { answered, A_SECOND_AND_MORE, directoryStore, numbers, sqlOf } from "../support/backup-rig.ts";
import { faultSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";

const skip = await whyNoMachine();
const MINUTES = 240_000;

describe.skipIf(skip !== undefined)(`one site as it was at a second${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let before: string;

  const count = (site: string) => numbers(machine).count(site);
  const insert = (site: string, from: number, rows: number) => numbers(machine).insert(site, from, rows);

  beforeAll(async () => {
    machine = await howdahMachine("point", 18_884);
    const first = await faultSite(machine, "one");
    await machine.ok("up", first.directory);
    await machine.ok("up", (await faultSite(machine, "two", first)).directory);
    await directoryStore(machine);
    await numbers(machine).create("one", "two");
    await insert("one", 0, 50);
    await machine.ok("backup", "now", "one", "--no-verify");
    await insert("one", 50, 15);
    await insert("two", 0, 65);
    await sleep(A_SECOND_AND_MORE);
    before = await numbers(machine).second("one");
    await sleep(A_SECOND_AND_MORE);
    await sqlOf(machine, "one", "DROP TABLE numbers;");
    await insert("two", 65, 5);
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  it("has every row of the second before a DROP TABLE, and its neighbour keeps its own", { timeout: MINUTES }, async () => {
    const { stdout } = await machine.ok("backup", "restore", "one", "--at", before, "--yes");
    expect(stdout).toContain("takes it back");
    expect([await count("one"), await count("two")]).toEqual([["65"], ["70"]]);
  });

  it("is told which seconds there are, and refuses others", { timeout: MINUTES }, async () => {
    const { recoverable } = await answered<{ recoverable: Recoverable[] }>(machine, "backup", "ls", "one");
    const [span] = recoverable[0]?.spans ?? [];
    expect(Date.parse(span?.to ?? "")).toBeGreaterThanOrEqual(Date.parse(before));
    const early = await machine.howdah("backup", "restore", "one", "--at", "2020-01-01T00:00:00Z", "--yes");
    expect([early.code, early.stderr]).toEqual([
      66,
      expect.stringMatching(/recoverable from .*\[backup\/not-recoverable\]|not-recoverable/s),
    ]);
    expect(await count("one")).toEqual(["65"]);
  });

  it("publishes a gap when binlogs were deleted, and bridges none", { timeout: MINUTES }, async () => {
    await insert("one", 100, 1);
    await admin("FLUSH BINARY LOGS");
    await admin("FLUSH BINARY LOGS");
    await sleep(A_SECOND_AND_MORE);
    const inGap = await numbers(machine).second("one");
    await admin("PURGE BINARY LOGS BEFORE UTC_TIMESTAMP()");
    await sleep(A_SECOND_AND_MORE);
    const refused = await machine.howdah("backup", "restore", "one", "--at", inGap, "--yes");
    expect([refused.code, refused.stderr]).toEqual([66, expect.stringContaining("deleted on the server before they were shipped")]);
    await machine.ok("backup", "restore", "one", "--at", before, "--yes");
    expect(await count("one")).toEqual(["65"]);
  });

  it("takes binlogs from the store when this machine lost its own", { timeout: MINUTES }, async () => {
    await rm(join(machine.environment["HOWDAH_STATE_DIR"] ?? "", "backup/binlogs"), { recursive: true });
    await machine.ok("db", "restore", "one", "--table", "numbers", "--at", before, "--yes");
    expect(await count("one")).toEqual(["65"]);
    const { backups } = await answered<{ backups: BackupRecord[] }>(machine, "backup", "ls", "one");
    expect(backups).toHaveLength(1);
  });

  async function admin(statement: string): Promise<void> {
    const { run } = await import("../../src/providers/process.ts");
    const { stdout } = await run(["podman", "ps", "--format", "{{.Names}}", "--filter", "name=^t-point.howdah-system.*mariadb$"]);
    const name = stdout.split("\n")[0] ?? "";
    const file = "--defaults-file=/run/secrets/database/client.cnf";
    await run(["podman", "exec", name, "mariadb", file, "--socket=/run/mysqld/mysqld.sock", `--execute=${statement}`]);
  }
});
