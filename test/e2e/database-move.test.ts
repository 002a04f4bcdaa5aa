import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { acknowledgedWriter, READ_PHP, SETUP_PHP, WRITE_PHP, type WrittenRows } from "../support/acknowledged-writer.ts";
import { faultSite, type TestSite } from "../support/fault-site.ts";
import { type HowdahMachine, howdahMachine, whyNoMachine } from "../support/howdah-machine.ts";
import { stopAtEvent } from "../support/stop-at-event.ts";

const PORT = 18_952;
const skip = await whyNoMachine();

describe.skipIf(skip !== undefined)(`moving a database${skip === undefined ? "" : ` (${skip})`}`, () => {
  let machine: HowdahMachine;
  let site: TestSite;

  beforeAll(async () => {
    machine = await howdahMachine("move", PORT);
    site = await faultSite(machine, "shop");
    const file = join(site.directory, "howdah.yaml");
    await writeFile(file, (await readFile(file, "utf8")).replace("database: {}", 'database: {version: "10.11"}'));
    for (const [name, php] of Object.entries({ write: WRITE_PHP, read: READ_PHP, setup: SETUP_PHP }))
      await writeFile(join(site.directory, "public", `${name}.php`), php);
    await writeFile(join(site.directory, "behave.json"), '{"release":"one"}');
    await machine.ok("up", site.directory);
    expect((await machine.get("shop.localhost", "/setup.php")).body).toBe("made");
  });
  afterAll(async () => {
    expect(await machine.remove()).toEqual([]);
  });

  const rows = async (): Promise<WrittenRows> => JSON.parse((await machine.get("shop.localhost", "/read.php")).body) as WrittenRows;
  /** Every acknowledged row once, none twice, and what a trigger and a counter made of them as well. */
  async function requireAll(acknowledged: ReadonlySet<number>): Promise<void> {
    const { ids, counted, seen } = await rows();
    const there = new Set(ids);
    expect([...acknowledged].filter((id) => !there.has(id))).toEqual([]);
    expect([there.size, counted, seen]).toEqual([ids.length, ids.length, ids.length]);
  }
  const sql = (statement: string) => {
    const file = join(machine.directory, "statement.sql");
    return writeFile(file, `${statement};\n`).then(() => machine.ok("db", "import", "shop", file, "--yes"));
  };
  const moves = async () =>
    JSON.parse((await machine.ok("db", "moves", "--output", "json")).stdout) as { moves: unknown[]; kept: { server: string }[] };

  it("an upgrade killed in the middle and asked for again loses and doubles nothing", { timeout: 300_000 }, async () => {
    const writer = acknowledgedWriter(machine, "shop");
    const asked = ["db", "move", "shop", "--to", "mariadb-11-8", "--yes"];
    expect(await stopAtEvent(machine, "SIGKILL", { containing: '"id":"move/copy"' }, ...asked)).toBe(true);
    expect(await stopAtEvent(machine, "SIGKILL", { containing: '"id":"move/compare"' }, ...asked)).toBe(true);
    const said = await machine.ok(...asked, "--output", "json");
    expect(JSON.parse(said.stdout)).toMatchObject({
      from: "mariadb-10-11",
      to: "mariadb-11-8",
      noCatchUp: null,
      heldMs: expect.any(Number),
    });
    const before = writer.acknowledged();
    await expect.poll(() => writer.acknowledged(), { timeout: 60_000 }).toBeGreaterThan(before + 5);
    await requireAll(await writer.stop());
    expect((await rows()).version).toMatch(/^11\.8/);
    expect(await moves()).toMatchObject({ moves: [], kept: [{ site: "shop", server: "mariadb-10-11" }] });
    const refused = await machine.howdah("up", site.directory, "--output", "json");
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: "site/database-left" } });
  });

  it("one that fails leaves all as it was, and the next goes back", { timeout: 300_000 }, async () => {
    await sql("CREATE TABLE points (v VECTOR(2) NOT NULL)"); // which 10.11 does not know
    const writer = acknowledgedWriter(machine, "shop", 1_000_000);
    const back = ["db", "move", "shop", "--to", "mariadb-10-11", "--yes", "--output", "json"];
    const failed = await machine.howdah(...back);
    expect(JSON.parse(failed.stdout)).toMatchObject({ error: { code: "database/copy-failed" } });
    const before = writer.acknowledged();
    await expect.poll(() => writer.acknowledged(), { timeout: 60_000 }).toBeGreaterThan(before + 5);
    expect(await moves()).toMatchObject({ moves: [], kept: [] });
    await requireAll(await writer.stop());
    expect((await rows()).version).toMatch(/^11\.8/);
    await sql("DROP TABLE points");
    const said = await machine.ok(...back);
    expect(JSON.parse(said.stdout)).toMatchObject({ to: "mariadb-10-11", noCatchUp: expect.stringContaining("older") });
    expect((await rows()).version).toMatch(/10\.11/);
    await requireAll(new Set((await rows()).ids));
    await machine.ok("up", site.directory);
    expect(await site.page()).toContain("release one");
  });
});
