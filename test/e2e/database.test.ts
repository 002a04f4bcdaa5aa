import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Secret } from "../../src/kernel/secret.ts";
import { account, identifier, sql, text } from "../../src/providers/database/mariadb/sql.ts";
import { withSqlClient } from "../../src/providers/database/mariadb/sql-client.ts";
import { hostileStrings } from "../support/hostile-strings.ts";
import { type MariadbContainer, mariadbContainer } from "../support/mariadb-container.ts";
import { mariadbImage } from "../support/mariadb-image.ts";

const { image, version } = await mariadbImage();

describe.skipIf(image === undefined)("the first start", () => {
  let server: MariadbContainer;
  beforeAll(async () => {
    server = await mariadbContainer(image ?? "", version);
  });
  afterAll(() => server.remove());

  it("survives kill -9 at any moment of making the data directory", { timeout: 300_000 }, async () => {
    for (const delay of [50, 150, 300, 450, 600, 800, 1000]) {
      await server.start();
      await sleep(delay);
      await server.kill();
    }
    await server.start();
    await server.ready();
    expect(await server.onVolume("ls /var/lib/mysql")).toBe("data\n");
  });

  it("lets no second server onto the data directory", async () => {
    await expect(server.onVolume("exec /usr/lib/howdah/entrypoint.sh")).rejects.toMatchObject({
      output: expect.arrayContaining([expect.stringMatching(/Unable to lock|Can't lock aria/)]),
    });
  });

  it("stops cleanly on SIGTERM and starts again without a step", async () => {
    expect(await server.stop()).toBe(0);
    expect(await server.log()).toContain("Shutdown complete");
    await server.start();
    await server.ready();
    expect(await server.log()).not.toContain("making the data directory");
  });

  it("upgrades the system tables when the server's version changed", async () => {
    await server.stop();
    await server.onVolume("echo 10.4.1 >/var/lib/mysql/data/howdah-version");
    await server.start();
    await server.ready();
    expect(await server.log()).toContain("upgrading the system tables");
    expect(await server.onVolume("cat /var/lib/mysql/data/howdah-version")).toMatch(new RegExp(`^${version}`));
  });
});

describe.skipIf(image === undefined)("a site's own database", () => {
  let server: MariadbContainer;
  beforeAll(async () => {
    server = await mariadbContainer(image ?? "", version);
    await server.start();
    await server.ready();
  });
  afterAll(() => server.remove());

  const ensure = (site: string, more: object = {}) =>
    server.databases.ensureDatabase({
      server: server.reference,
      site,
      environment: "production",
      namespace: site,
      charset: "utf8mb4",
      collation: "utf8mb4_unicode_ci",
      ...more,
    });
  const asSite = async <T>(site: string, work: Parameters<typeof withSqlClient<T>>[1]): Promise<T> => {
    const { user, password, name } = await ensure(site);
    return await withSqlClient({ server: server.reference, user, password, database: name }, work);
  };
  const asAdmin = async <T>(work: Parameters<typeof withSqlClient<T>>[1]): Promise<T> => {
    const password = await server.secrets.getOrGenerate("howdah-system", server.reference.name, "admin-password", {
      bytes: 1,
      encoding: "hex",
    });
    return await withSqlClient({ server: server.reference, user: "howdah", password }, work);
  };

  it("is made once; a repeated call writes nothing", async () => {
    const first = await ensure("blog");
    expect(first).toMatchObject({ host: server.reference.name, port: 3306, name: "blog", user: "blog", changed: true });
    const second = await ensure("blog");
    expect(second).toMatchObject({ changed: false, uid: first.uid });
    expect(second.password.reveal()).toBe(first.password.reveal());
    expect(second.url.reveal()).toBe(`mysql://blog:${first.password.reveal()}@${server.reference.name}:3306/blog`);
  });

  it("is made by several callers at once", async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => ensure("wiki")));
    expect(new Set(made.map((one) => one.password.reveal())).size).toBe(1);
    expect((await ensure("wiki")).changed).toBe(false);
  });

  it("is mended when its password, grants or character set differ", async () => {
    await ensure("shop");
    await asAdmin(async (client) => {
      await client.query(sql`ALTER USER ${account("shop")} IDENTIFIED BY ${text("other")}`);
      await client.query(sql`GRANT SELECT ON *.* TO ${account("shop")} WITH GRANT OPTION`);
      await client.query(sql`ALTER DATABASE ${identifier("shop")} CHARACTER SET latin1`);
    });
    expect((await ensure("shop")).changed).toBe(true);
    expect((await ensure("shop")).changed).toBe(false);
    const grants = await asSite("shop", (client) => client.query(sql`SHOW GRANTS`));
    expect(grants.map((row) => String(Object.values(row)[0]).replace(/ IDENTIFIED .*/, ""))).toEqual([
      "GRANT USAGE ON *.* TO `shop`@`%`",
      "GRANT ALL PRIVILEGES ON `shop`.* TO `shop`@`%`",
    ]);
  });

  it("does not open a neighbour of a look-alike name (M6), nor anything of the server", async () => {
    await ensure("acme-shop");
    await asAdmin(async (client) => {
      await client.query(sql`CREATE DATABASE acmeXshop`);
      await client.query(sql`CREATE TABLE acmeXshop.t (a INT)`);
    });
    const refused = { code: "database/failed" };
    await asSite("acme-shop", async (client) => {
      await client.query(sql`CREATE TABLE acme_shop.t (a INT)`);
      for (const statement of [
        sql`SELECT * FROM acmeXshop.t`,
        sql`DROP TABLE acmeXshop.t`,
        sql`SELECT * FROM blog.t`,
        sql`CREATE DATABASE other`,
        sql`SELECT * FROM mysql.global_priv`,
        sql`SELECT 1 INTO OUTFILE '/tmp/x'`,
        sql`SET GLOBAL general_log = 1`,
        sql`CREATE USER x`,
        sql`GRANT ALL PRIVILEGES ON acme_shop.* TO ${account("blog")}`,
        sql`SHUTDOWN`,
      ]) {
        await expect(client.query(statement), statement.text).rejects.toMatchObject(refused);
      }
      const loaded = await client.query(sql`SELECT LOAD_FILE('/run/secrets/database/client.cnf') AS content`);
      expect(loaded).toEqual([{ content: null }]);
      const seen = await client.query(sql`SELECT SCHEMA_NAME AS name FROM information_schema.SCHEMATA ORDER BY 1`);
      expect(seen.map((row) => row["name"])).toEqual(["acme_shop", "information_schema"]);
    });
    await asAdmin(async (client) => {
      await client.query(sql`GRANT ALL PRIVILEGES ON \`acme_shop\`.* TO ${account("acme_shop")}`);
      const password = new Secret((await server.secrets.get("acme-shop", "database"))?.["password"]?.reveal() ?? "", "test");
      const login = { server: server.reference, user: "acme_shop", password };
      expect(await withSqlClient(login, (one) => one.query(sql`SELECT COUNT(*) AS n FROM acmeXshop.t`))).toEqual([{ n: 0 }]);
    });
    expect((await ensure("acme-shop")).changed).toBe(true);
  });

  it("belongs to one site: another of the same name is refused, and only its identity drops it", async () => {
    const { name, user, uid } = await ensure("lost");
    expect(await server.databases.databaseExists({ server: server.reference, name })).toBe(true);
    await expect(ensure("lost", { namespace: "somebody-else" })).rejects.toMatchObject({ code: "database/failed" });
    expect(await server.databases.dropDatabase({ server: server.reference, name, user, uid: "0".repeat(32) })).toBe(false);
    expect(await server.databases.dropDatabase({ server: server.reference, name, user, uid })).toBe(true);
    expect(await server.databases.dropDatabase({ server: server.reference, name, user, uid })).toBe(false);
    expect(await server.databases.databaseExists({ server: server.reference, name })).toBe(false);
  });

  it("counts tables and bytes", async () => {
    await asSite("blog", (client) => client.query(sql`CREATE TABLE counted (a INT)`));
    expect(await server.databases.tableCount({ server: server.reference, name: "blog" })).toBe(1);
    expect(await server.databases.sizeBytes({ server: server.reference, name: "blog" })).toBeGreaterThan(0);
    expect(await server.databases.tableCount({ server: server.reference, name: "nobody" })).toBe(0);
  });

  it("takes 2,000 hostile strings as values and names, one statement each (F4)", { timeout: 300_000 }, async () => {
    const strings = hostileStrings(2000);
    await asAdmin(async (client) => {
      await client.query(sql`CREATE DATABASE hostile CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`);
      await client.query(sql`CREATE TABLE hostile.\`values\` (id INT AUTO_INCREMENT PRIMARY KEY, v TEXT)`);
      await client.query(sql`SET GLOBAL log_output = 'TABLE'`);
      await client.query(sql`SET GLOBAL general_log = 1`);
      let sent = 0;
      for (const value of strings) {
        await client.query(sql`INSERT INTO hostile.\`values\` (v) VALUES (${text(value)})`);
        sent += 1;
        const name = value.slice(0, 60);
        if (!isName(name)) continue;
        await client.query(sql`CREATE TABLE hostile.${identifier(name)} (a INT) COMMENT ${text(name)}`);
        const [found] = await client.query(sql`SHOW TABLE STATUS FROM hostile WHERE Name = ${text(name)}`);
        expect(found?.["Comment"], JSON.stringify(name)).toBe(name);
        await client.query(sql`DROP TABLE hostile.${identifier(name)}`);
        sent += 3;
      }
      await client.query(sql`SET GLOBAL general_log = 0`);
      const logged = await client.query(
        sql`SELECT COUNT(*) AS n FROM mysql.general_log WHERE command_type = 'Query' AND thread_id = CONNECTION_ID()`,
      );
      expect(logged).toEqual([{ n: sent + 1 }]);
      const stored = await client.query(sql`SELECT v FROM hostile.\`values\` ORDER BY id`);
      expect(stored.map((row) => row["v"])).toEqual(strings);
      await client.query(sql`DROP DATABASE hostile`);
    });
  });

  it("logs in with hostile passwords and user names (F4)", async () => {
    await asAdmin(async (client) => {
      for (const value of hostileStrings(60)) {
        const user = `u${value.slice(0, 20).replaceAll(/[^\u0001-\u024f]/gu, "")}`.trim();
        await client.query(sql`CREATE OR REPLACE USER ${account(user)} IDENTIFIED BY ${text(value)}`);
        const login = { server: server.reference, user, password: new Secret(value, "test") };
        expect(await withSqlClient(login, (one) => one.query(sql`SELECT 1 AS ok`)), JSON.stringify(value)).toEqual([{ ok: 1 }]);
        await client.query(sql`DROP USER ${account(user)}`);
      }
    });
  });
});

function isName(name: string): boolean {
  try {
    identifier(name);
    return !/^\s/.test(name);
  } catch {
    return false;
  }
}
