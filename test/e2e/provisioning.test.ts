import { createConnection } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultMariadb } from "../../src/catalog/mariadb-versions.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { identifiedBy } from "../../src/providers/database/mariadb/native-password.ts";
import { account, grantPattern, identifier, number, type Sql, sql, text } from "../../src/kernel/sql.ts";
import { type SqlClient, withSqlClient } from "../../src/providers/database/mariadb/sql-client.ts";
import { hostileStrings } from "../support/hostile-strings.ts";
import { type MariadbContainer, mariadbContainer } from "../support/mariadb-container.ts";
import { mariadbImage } from "../support/mariadb-image.ts";

const image = await mariadbImage(defaultMariadb);
const LOG = "/var/lib/mysql/data/general.log";

/** As the builders take it: what they refuse is tested beside them. */
function storable(name: string): boolean {
  return name !== "" && name.length <= 64 && !/[\0\ud800-\udfff]|\s$/.test(name);
}

describe.skipIf(image === undefined)("provisioning on a real server", () => {
  let server: MariadbContainer;
  beforeAll(async () => {
    server = await mariadbContainer(image ?? "", defaultMariadb);
    await server.start();
    await server.ready();
  });
  afterAll(() => server?.remove());

  const ensure = (site: string, more: object = {}) =>
    server.databases.ensureDatabase({
      ...{ server: server.reference, site, environment: "production", namespace: site },
      ...{ charset: "utf8mb4", collation: "utf8mb4_unicode_ci", ...more },
    });
  const asAdmin = async <T>(work: (client: SqlClient) => Promise<T>): Promise<T> => {
    const password = (await server.secrets.get("howdah-system", server.reference.name))?.["admin-password"] ?? new Secret("", "test");
    return await withSqlClient({ server: server.reference, user: "howdah", password }, work);
  };
  const tables = (name: string) =>
    asAdmin((client) => client.query(sql`SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${text(name)}`));

  it("proves itself and leaves nothing of the proof", async () => {
    expect((await ensure("acme-shop")).changed).toBe(true);
    expect(await tables("acme_shop")).toEqual([]);
  });

  it("proves again what was cut off before its proof ended", async () => {
    await ensure("cut");
    await asAdmin((client) => client.query(sql`CREATE TABLE cut.howdah_proof (n INT)`));
    await asAdmin((client) => client.query(sql`CREATE TABLE cut.howdah_scratch (n INT)`));
    expect((await ensure("cut")).changed).toBe(true);
    expect(await tables("cut")).toEqual([]);
    expect((await ensure("cut")).changed).toBe(false);
  });

  it("refuses to go on when a look-alike database lets the user in (M6)", async () => {
    await ensure("wild-card");
    await asAdmin(async (client) => {
      await client.query(sql`CREATE DATABASE wildxcard`);
      await client.query(sql`CREATE TABLE wild_card.howdah_proof (n INT)`);
      await client.query(sql`GRANT SELECT ON ${identifier("wildxcard")}.* TO PUBLIC`).catch(() => []);
    });
    const supported = await asAdmin((client) => client.query(sql`SHOW GRANTS FOR PUBLIC`)).then(
      () => true,
      () => false,
    );
    if (supported) {
      await expect(ensure("wild-card")).rejects.toThrow("is let into wildxcard");
      await asAdmin((client) => client.query(sql`REVOKE SELECT ON ${identifier("wildxcard")}.* FROM PUBLIC`));
    }
    await ensure("wild-card");
    expect(await tables("wild_card")).toEqual([]);
  });

  it("gives a user its limits, and mends them when somebody changed them", async () => {
    const limits = { connections: 2, statementSeconds: 1 };
    const { user, password, name } = await ensure("bounded", { limits });
    const login = { server: server.reference, user, password, database: name };
    const third = withSqlClient(login, () => withSqlClient(login, () => withSqlClient(login, (client) => client.query(sql`SELECT 1`))));
    await expect(third).rejects.toThrow("(error 1226)");
    const slow = withSqlClient(login, (client) => client.query(sql`SELECT COUNT(*) FROM seq_1_to_100000000 a, seq_1_to_100 b`));
    await expect(slow).rejects.toThrow("(error 1969)");
    await asAdmin((client) => client.query(sql`ALTER USER ${account(user)} WITH MAX_USER_CONNECTIONS 0 MAX_STATEMENT_TIME 0`));
    expect((await ensure("bounded")).changed).toBe(false);
    expect((await ensure("bounded", { limits })).changed).toBe(true);
    await expect(withSqlClient(login, () => withSqlClient(login, () => withSqlClient(login, () => Promise.resolve())))).rejects.toThrow(
      "1226",
    );
    const busy = withSqlClient(login, () => withSqlClient(login, () => ensure("bounded", { limits: { ...limits, statementSeconds: 5 } })));
    expect((await busy).changed).toBe(true);
    expect((await ensure("bounded", { limits: { connections: 0, statementSeconds: 0 } })).changed).toBe(true);
  });

  it("suspends: a live session ends, nobody logs in; resumes; and the next provisioning lets in as well", async () => {
    const { user, password, name } = await ensure("resting");
    const login = { server: server.reference, user, password, database: name };
    const cut = withSqlClient(login, async (client) => {
      const running = client.query(sql`SELECT SLEEP(60)`);
      running.catch(() => []);
      await expect.poll(async () => (await server.databases.usage(server.reference)).find((one) => one.user === user)?.connections).toBe(1);
      await server.databases.suspendUser({ server: server.reference, user }, true);
      return await running;
    });
    await expect(cut).rejects.toMatchObject({ code: expect.stringMatching(/^database\//) });
    await expect(withSqlClient(login, () => Promise.resolve())).rejects.toThrow("account");
    await server.databases.suspendUser({ server: server.reference, user }, false);
    await withSqlClient(login, (client) => client.query(sql`SELECT 1`));
    await server.databases.suspendUser({ server: server.reference, user }, true);
    expect((await ensure("resting")).changed).toBe(true);
    await server.databases.suspendUser({ server: server.reference, user: "nobody" }, true);
  });

  it("counts what a user did", async () => {
    await server.databases.usage(server.reference); // turns the counting on
    const { user, password, name } = await ensure("counted");
    await withSqlClient({ server: server.reference, user, password, database: name }, async (client) => {
      await client.query(sql`CREATE TABLE t (a INT)`);
      await client.query(sql`INSERT INTO t VALUES (1), (2), (3)`);
    });
    const use = (await server.databases.usage(server.reference)).find((one) => one.user === user);
    expect(use?.connectionsSince).toBeGreaterThanOrEqual(2);
    expect(use?.queries).toBeGreaterThanOrEqual(2);
    expect(use?.rowsWritten).toBeGreaterThanOrEqual(3);
  });

  it("10,000 hostile names and texts are each one statement with the effect that was meant (F4)", { timeout: 180_000 }, async () => {
    const strings = hostileStrings(20_000);
    const pairs = Array.from({ length: 10_000 }, (_, index) => ({
      value: strings[index] ?? "",
      name: storable(strings[10_000 + index] ?? "") ? (strings[10_000 + index] ?? "") : `c${String(index)}`,
    }));
    const sent: string[] = [];
    await asAdmin((client) => client.query(sql`SET GLOBAL general_log_file = ${text(LOG)}`));
    await asAdmin((client) => client.query(sql`SET GLOBAL log_output = 'FILE'`));
    await asAdmin((client) => client.query(sql`SET GLOBAL general_log = 1`));
    const [wrong] = await asAdmin(async (client) => {
      const differs: unknown[] = [];
      for (const { value, name } of pairs) {
        const statement: Sql = sql`SELECT ${text(value)} AS ${identifier(name)}, ${number(value.length)} AS ${identifier("the length")}`;
        sent.push(statement.text);
        const [row] = await client.query(statement);
        const [[column, answer] = ["", ""], [, length] = []] = Object.entries(row ?? {});
        // The server takes what is no graphic character from the beginning of a column's name, whatever the quotes.
        const named = name.endsWith(column) || column.startsWith("Name_exp_");
        if (answer !== value || length !== value.length || !named) differs.push({ value, name, row });
      }
      return differs;
    });
    await asAdmin((client) => client.query(sql`SET GLOBAL general_log = 0`));
    expect(wrong).toBeUndefined();
    const logged = await server.onVolume(`cat ${LOG}`);
    let at = 0;
    const missing = sent.filter((statement) => {
      const found = logged.indexOf(`Query\t${statement}\n`, at);
      at = found < 0 ? at : found + 1;
      return found < 0;
    });
    expect(missing).toEqual([]);
    // beside them only the session's setting of its mode, twice, and the end of the log
    const entries = logged.match(/^(?:\d{6} [ \d]\d:\d\d:\d\d)?\t+ *\d+ Query\t/gm) ?? [];
    expect(entries.length - sent.length).toBeLessThanOrEqual(4);
  });

  it("hostile names become databases and users whose passwords let in, and nobody else (F4)", { timeout: 180_000 }, async () => {
    const names = [...new Set(hostileStrings(1500).filter((name) => storable(name) && !/[/\\.:*?"<>|\n\r\t\u001a]/.test(name)))].slice(
      0,
      60,
    );
    const place = await server.reference.locate();
    await asAdmin(async (client) => {
      for (const [index, name] of names.entries()) {
        const password = new Secret(`${name}'"\\💥${String(index)}`, "test");
        const user = `${name}${String(index)}`.slice(0, 80);
        await client.query(sql`CREATE DATABASE ${identifier(name)} COMMENT ${text(name)}`);
        await client.query(sql`CREATE USER ${account(user)} ${identifiedBy(password)}`);
        await client.query(sql`GRANT ALL PRIVILEGES ON ${grantPattern(name)}.* TO ${account(user)}`);
        const [row] = await client.query(
          sql`SELECT SCHEMA_COMMENT AS comment FROM information_schema.SCHEMATA WHERE BINARY SCHEMA_NAME = ${text(name)}`,
        );
        expect(row?.["comment"]).toBe(name);
        const connection = await createConnection({
          ...{ host: place?.address ?? "", port: place?.port ?? 0, user, password: password.reveal(), charset: "utf8mb4" },
        });
        try {
          const [seen] = await connection.query("SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA ORDER BY 1");
          expect((seen as { name: string }[]).map((one) => one.name).filter((one) => one !== "information_schema")).toEqual([name]);
        } finally {
          connection.destroy();
        }
        await client.query(sql`DROP USER ${account(user)}`);
        await client.query(sql`DROP DATABASE ${identifier(name)}`);
      }
    });
    expect(names.length).toBeGreaterThan(30);
  });
});
