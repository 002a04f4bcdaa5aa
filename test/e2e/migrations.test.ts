import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ErrorCode } from "../../src/kernel/error-catalog.ts";
import { run } from "../../src/providers/process.ts";
import { type Behaviour, faultSite, migrationHook, type TestSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { stopAtEvent } from "../support/stop-at-event.ts";

const PORT = 18_796;
const skip = await whyNoMachine();

/** Counts its runs in the database; then fails, or takes its time, as behave.json says. */
const hook = migrationHook(`for ($until = microtime(true) + (behave()['slow'] ?? 0); microtime(true) < $until; usleep(200000)) {
    echo "migration goes on\\n"; // to whoever still listens
}`);

describe.skipIf(skip !== undefined)(`migrations${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let site: TestSite & { behave(behaviour: Behaviour & { slow?: number }): Promise<void> };

  beforeAll(async () => {
    machine = await howdahMachine("migr", PORT);
    site = await faultSite(machine, "shop");
    const file = join(site.directory, "howdah.yaml");
    const text = await readFile(file, "utf8");
    await writeFile(file, text.replace("migrate: php migrate.php", "migrate: {run: php migrate.php, watch: [migrations]}"));
    await writeFile(join(site.directory, "migrate.php"), hook);
    await writeFile(
      join(site.directory, "public/runs.php"),
      "<?php require '../database.php'; echo database()->query('SELECT COUNT(*) FROM runs')->fetch_row()[0];",
    );
    await migration("one");
    await site.behave({ release: "one" });
    await machine.ok("up", site.directory);
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  /** A new migration file: what `watch` names. */
  async function migration(name: string): Promise<void> {
    await mkdir(join(site.directory, "migrations"), { recursive: true });
    await writeFile(join(site.directory, "migrations", `${name}.txt`), name);
  }
  const runs = async (): Promise<number> => Number((await machine.get("shop.localhost", "/runs.php")).body);
  const directory = (): string => join(machine.environment["HOWDAH_STATE_DIR"] ?? "", "dumps", "shop");
  const dumps = async (): Promise<readonly string[]> =>
    (await readdir(directory()).catch(() => [])).filter((name) => name.startsWith("before-migration"));
  const status = async () =>
    JSON.parse((await machine.ok("status", "shop", "--output", "json")).stdout) as { migration: { state: string; dump: string } | null };
  const refused = async (code: ErrorCode): Promise<{ message: string; hint: string; output: readonly string[] }> => {
    const said = await machine.howdah("up", site.directory, "--output", "json");
    const { error } = JSON.parse(said.stdout) as { error: { code: string; message: string; hint: string; output: readonly string[] } };
    expect(error).toMatchObject({ code });
    return error;
  };

  it("a change of other files migrates nothing and dumps nothing", async () => {
    expect(await runs()).toBe(1);
    await site.behave({ release: "two" });
    const said = await machine.ok("up", site.directory);
    expect(said.stderr).not.toContain("Migrating");
    expect(await site.page()).toContain("release two");
    expect([await runs(), await dumps(), (await status()).migration]).toEqual([1, [], null]);
  });

  it("a new migration runs once, after a whole dump that status names", async () => {
    await migration("two");
    const said = await machine.ok("up", site.directory, "--verbose");
    expect(said.stderr).toContain("migration began");
    expect(await runs()).toBe(2);
    const { migration: record } = await status();
    expect(record).toMatchObject({ state: "done", dump: expect.stringContaining(directory()) });
    const file = record?.dump ?? "";
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const sql = (await run(["gzip", "-dc", "--", file])).stdout;
    expect(sql).toMatch(/INSERT INTO `runs` VALUES\s*\(1\);[\s\S]*-- Dump completed/);
    expect((await machine.ok("status", "shop")).stdout).toContain(file);
    expect((await machine.ok("migrate", "shop")).stdout).toMatch(/migrate:[0-9a-f]{12}\s+done\s+1/);
  });

  it("one that fails leaves the former release, names its dump, and is run again by the next up", async () => {
    await migration("three");
    await site.behave({ release: "three", migrate: 9 });
    const { message, hint, output } = await refused("site/migrate-failed");
    expect(message).toContain("exit code 9");
    expect(output).toContain("migration ends");
    const [, dump = ""] = await dumps();
    expect(hint).toContain(`howdah db import shop ${join(directory(), dump)} --clean --yes`);
    expect(await site.page()).toContain("release two");
    await site.behave({ release: "three" });
    await machine.ok("up", site.directory);
    expect(await site.page()).toContain("release three");
    expect(await runs()).toBe(4);
  });

  it("the command killed while it runs: the next one waits for it, and it ran once", async () => {
    await migration("four");
    await site.behave({ release: "four", slow: 4 });
    expect(await stopAtEvent(machine, "SIGKILL", { containing: "migration began" }, "up", site.directory)).toBe(true);
    await machine.ok("up", site.directory);
    expect(await site.page()).toContain("release four");
    expect(await runs()).toBe(5);
  });

  it("its container killed while it runs: asks a person, once and again, and does what they decide", async () => {
    await migration("five");
    await site.behave({ release: "five", slow: 30 });
    const started = machine.start("up", site.directory, "--verbose");
    expect(await started.says("migration began")).toBe(true);
    const { stdout } = await run(["podman", "ps", "--format", "{{.Names}}"]);
    const once = stdout.split("\n").find((name) => name.startsWith("t-migr.shop.") && name.includes(".once-"));
    await run(["podman", "kill", "--signal=KILL", once ?? "none"]);
    const cut = await started.done;
    expect(cut.stderr).toMatch(/cut off[\s\S]*howdah migrate shop --retry[\s\S]*howdah migrate shop --mark-done/);
    await site.behave({ release: "five" });
    expect((await refused("site/migration-interrupted")).hint).toContain("howdah migrate shop --retry");
    expect((await refused("site/migration-interrupted")).hint).toContain("howdah migrate shop --mark-done");
    expect(await site.page()).toContain("release four");
    expect(await runs()).toBe(6);
    await machine.ok("migrate", "shop", "--retry");
    await machine.ok("up", site.directory);
    expect(await site.page()).toContain("release five");
    expect(await runs()).toBe(7);
    expect(await dumps()).toHaveLength(6); // of the last three migrations the first and the last each
  });
});
