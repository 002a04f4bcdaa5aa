import { randomBytes } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultMariadb, isMariadbVersion } from "../../src/catalog/mariadb-versions.ts";
import { HowdahError } from "../../src/kernel/howdah-error.ts";
import type { SqlClient } from "../../src/providers/database/mariadb/sql-client.ts";
import { type ProbePair, type SqlProbe, sqlProbes } from "../support/isolation/sql-probes.ts";
import { type Busy, type Held, keepBusy, send, type SqlTenants, sqlTenants } from "../support/isolation/sql-tenants.ts";
import { type MariadbContainer, mariadbContainer } from "../support/mariadb-container.ts";
import { mariadbImage } from "../support/mariadb-image.ts";

/** HOWDAH_TEST_MARIADB=10.5 tries another version. */
const asked = process.env["HOWDAH_TEST_MARIADB"] ?? "";
const version = isMariadbVersion(asked) ? asked : defaultMariadb;
const image = await mariadbImage(version);

/** In a grant `_` stands for any character: each of these is a look-alike of the first one, or begins like it. */
const SITES = ["acme-shop", "acmexshop", "acme1shop", "acme", "acme-shop-2"] as const;
type Site = (typeof SITES)[number];

/** What each site has, made by its own user. */
const CONTENT = [
  "CREATE TABLE secret (id INT PRIMARY KEY, v VARCHAR(100)) ENGINE=InnoDB",
  "INSERT INTO secret VALUES (1, 'for its owner only'), (2, 'and this')",
  "CREATE TABLE spare (id INT PRIMARY KEY, v VARCHAR(100))",
  "CREATE TABLE old (a INT) ENGINE=MyISAM",
  "CREATE TABLE `lines` (line TEXT)",
  "CREATE TABLE kept (id INT, FOREIGN KEY (id) REFERENCES secret (id))",
  "CREATE VIEW seen AS SELECT v FROM secret",
  "CREATE PROCEDURE told(IN n INT) SELECT v FROM secret WHERE id = n OR n IS NULL",
  "CREATE FUNCTION tells() RETURNS VARCHAR(100) READS SQL DATA RETURN (SELECT v FROM secret WHERE id = 1)",
  "CREATE TRIGGER watch BEFORE INSERT ON secret FOR EACH ROW SET NEW.v = NEW.v",
  "CREATE EVENT later ON SCHEDULE EVERY 1 DAY DO DELETE FROM secret WHERE id = 99",
];
/** Statements that leave everything as it was. */
const READS = /^(SELECT|SHOW|SET|HANDLER|CHECKSUM|USE|CALL|EXECUTE|LOCK|FLUSH)\b/;

/** OPTIMIZE says in a row that it may not. */
function words(rows: readonly Readonly<Record<string, unknown>>[]): string {
  return rows.map((row) => Object.values(row).join(" ")).join("\n");
}

/** Who tries, who looks afterwards, and on whom. */
interface Try {
  readonly client: SqlClient;
  readonly admin: SqlClient;
  readonly pair: ProbePair;
}

/** A connection that was ended goes as soon as its thread comes to it: where it is expected, it is waited for. */
async function isGone(admin: SqlClient, question: string, looks: number): Promise<boolean> {
  for (let left = looks; left > 0; left--) {
    if ((await send(admin, [question])).length === 0) return true;
    await sleep(100);
  }
  return false;
}

/** Whether a probe gets through; `refused` hears why not. */
async function reaches(probe: SqlProbe, { client, admin, pair }: Try, refused?: (error: HowdahError) => void): Promise<boolean> {
  const once = randomBytes(4).toString("hex");
  try {
    const statements = probe.tries(pair).map((statement) => statement.replace("{once}", once));
    const rows = await send(client, statements);
    if (probe.gone !== undefined) return await isGone(admin, probe.gone(pair), refused === undefined ? 1 : 100);
    return probe.reached?.(rows, pair) ?? true;
  } catch (error) {
    if (!(error instanceof HowdahError && error.code.startsWith("database/") && error.code !== "database/unreachable")) throw error;
    refused?.(error);
    return false;
  }
}

describe.skipIf(image === undefined)(`tenants on one MariaDB ${version}`, () => {
  let server: MariadbContainer;
  let tenants: SqlTenants;
  let admin: Held;
  const busy = new Map<Site, Busy>();
  const databaseOf = (site: Site): string => site.replaceAll("-", "_");
  const pairOf = (own: Site, other: Site): ProbePair => ({
    ...{ own: databaseOf(own), other: databaseOf(other), connection: busy.get(other)?.id() ?? 0 },
  });

  /** A site as it was, whatever a probe did to it. */
  const restore = async (site: Site): Promise<void> => {
    await send(admin.client, [`KILL USER \`${databaseOf(site)}\`@'%'`]).catch(() => []); // it may be gone
    await send(admin.client, [`ALTER USER IF EXISTS \`${databaseOf(site)}\`@'%' ACCOUNT UNLOCK`]);
    await tenants.ensure(site);
    await server.databases.emptyDatabase({ server: server.reference, name: databaseOf(site) });
    const own = await tenants.asTenant(site);
    await send(own.client, CONTENT);
    await own.close();
  };

  beforeAll(async () => {
    server = await mariadbContainer(image ?? "", version, { inMemory: "1g" });
    await server.start();
    await server.ready();
    tenants = sqlTenants(server);
    admin = await tenants.asAdmin();
    await send(admin.client, ["SET GLOBAL userstat = 1"]);
    await server.exec(
      { namespace: "", workload: "", container: "" },
      { argv: ["/bin/sh", "-c", "mkdir -p /run/mysqld/no-files && echo told >/run/mysqld/no-files/readable"], stdin: "none" },
      { emit: () => undefined, signal: new AbortController().signal },
    );
    for (const site of SITES) {
      await restore(site);
      busy.set(site, await keepBusy(tenants, site));
    }
  });
  afterAll(async () => {
    for (const one of busy.values()) await one.stop();
    await admin.close();
    await server.remove();
  });

  it(`gives ${String(sqlProbes.length)} probes nothing, for every pair of ${String(SITES.length)}`, async () => {
    expect(sqlProbes.length).toBeGreaterThan(100);
    expect(new Set(sqlProbes.map(({ what }) => what)).size).toBe(sqlProbes.length);
    const through: string[] = [];
    for (const own of SITES) {
      const held = await tenants.asTenant(own);
      for (const other of SITES.filter((one) => one !== own))
        for (const probe of sqlProbes)
          if (await reaches(probe, { client: held.client, admin: admin.client, pair: pairOf(own, other) }))
            through.push(`${own} > ${other}: ${probe.what}`);
      await held.close();
    }
    expect(through).toEqual([]);
    for (const site of SITES) expect((await tenants.ensure(site)).changed, site).toBe(false);
  });

  it("lets each of them through when its control is off: they are real", async () => {
    const [own, other] = ["acme-shop", "acmexshop"] as const;
    const stopped: string[] = [];
    for (const probe of sqlProbes) {
      const pair = pairOf(own, other);
      await send(admin.client, probe.open(pair));
      const held = await tenants.asTenant(own);
      const through = await reaches(probe, { client: held.client, admin: admin.client, pair }, (error) =>
        stopped.push(`${probe.what}: ${error.message}`),
      );
      await held.close();
      if (!through) stopped.push(probe.what);
      await send(admin.client, probe.close?.(pair) ?? []);
      const written = probe.tries(pair).filter((statement) => !READS.test(statement));
      await tenants.ensure(own);
      for (const site of [own, other]) if (written.some((statement) => statement.includes(databaseOf(site)))) await restore(site);
      await busy.get(other)?.again();
    }
    expect(stopped).toEqual([]);
  });

  it("can't give its session more of the server's memory than a quarter", async () => {
    const held = await tenants.asTenant("acme");
    await expect(send(held.client, [`SET SESSION max_session_mem_used = ${String(2 ** 40)}`])).rejects.toThrow("can't be set");
    await held.close();
  });

  it("can't hold up a neighbour's provisioning by names of locks, which are the whole server's", async () => {
    const held = await tenants.asTenant("acme");
    await send(held.client, ["SELECT GET_LOCK('howdah acmexshop', 0)"]);
    await send(admin.client, ["ALTER USER acmexshop ACCOUNT LOCK"]); // something to be mended
    const waited = sleep(40_000, "waited", { ref: false }); // who waits for the lock does so for 50 seconds
    expect(await Promise.race([tenants.ensure("acmexshop").then(({ changed }) => changed), waited])).toBe(true);
    await held.close();
  });

  it("keeps what its owner may do when writing is blocked, and gives it back", async () => {
    const database = { server: server.reference, name: "acme1shop" };
    const before = await tenants.asTenant("acme1shop");
    await server.databases.blockWrites(database);
    await expect(send(before.client, ["SELECT 1"])).rejects.toThrow(); // a session keeps the rights that it began with
    expect(await server.databases.blockedDatabases(server.reference)).toEqual(["acme1shop"]);
    expect((await tenants.ensure("acme1shop")).changed).toBe(false);
    await send(admin.client, ["ALTER USER acme1shop IDENTIFIED BY 'x'"]);
    expect((await tenants.ensure("acme1shop")).changed).toBe(true); // its password is mended, and it stays blocked
    const own = await tenants.asTenant("acme1shop");
    for (const statement of [
      "INSERT INTO secret VALUES (50, 'x')",
      "UPDATE secret SET v = 'x'",
      "REPLACE INTO secret VALUES (1, 'x')",
      "CREATE TABLE more (a INT)",
      "CREATE TEMPORARY TABLE more (a INT)",
      "ALTER TABLE secret ADD COLUMN more INT",
      "CREATE INDEX more ON secret (v)",
      "CREATE VIEW more AS SELECT 1",
      "OPTIMIZE TABLE secret",
    ])
      expect(await send(own.client, [statement]).then(words, () => "refused"), statement).toMatch(/refused|denied/);
    expect(await send(own.client, ["SELECT v FROM secret WHERE id = 1"])).toHaveLength(1);
    await send(own.client, ["DELETE FROM secret WHERE id = 2", "TRUNCATE TABLE spare", "DROP TABLE spare"]);
    await own.close();
    await server.databases.allowWrites(database);
    await server.databases.allowWrites(database);
    expect(await server.databases.blockedDatabases(server.reference)).toEqual([]);
    expect((await tenants.ensure("acme1shop")).changed).toBe(false);
    const after = await tenants.asTenant("acme1shop");
    await send(after.client, ["INSERT INTO secret VALUES (2, 'and this')"]);
    await after.close();
    await server.databases.blockWrites({ server: server.reference, name: "nobody" });
    await server.databases.allowWrites({ server: server.reference, name: "nobody" });
    await before.close();
  });
});
