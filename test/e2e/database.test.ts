import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable, Transform, Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { defaultMariadb, isMariadbVersion } from "../../src/catalog/mariadb-versions.ts";
import type { EngineContext } from "../../src/engine/engine.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { account, identifier, Sql, sql, text } from "../../src/kernel/sql.ts";
import { withSqlClient } from "../../src/providers/database/mariadb/sql-client.ts";
import { run } from "../../src/providers/process.ts";
import { databaseShell } from "../../src/workflows/database/database-shell.ts";
import { dumpDatabase } from "../../src/workflows/database/dump-database.ts";
import { type ImportPorts, type ImportRequest, importDatabase } from "../../src/workflows/database/import-database.ts";
import { lastLines } from "../../src/workflows/database/last-lines.ts";
import { safetyDirectory } from "../../src/workflows/database/safety-dumps.ts";
import { sitePassword } from "../../src/workflows/database/site-database.ts";
import type { SiteRecord } from "../../src/workflows/ports.ts";
import { hostileStrings } from "../support/hostile-strings.ts";
import { type MariadbContainer, mariadbContainer } from "../support/mariadb-container.ts";
import { mariadbImage } from "../support/mariadb-image.ts";

/** HOWDAH_TEST_MARIADB=10.5 tries another version. */
const asked = process.env["HOWDAH_TEST_MARIADB"] ?? "";
const version = isMariadbVersion(asked) ? asked : defaultMariadb;
const image = await mariadbImage(version);

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
    await server.start();
    await server.ready();
    await expect(server.onVolume("exec /usr/lib/howdah/entrypoint.sh")).rejects.toMatchObject({
      output: expect.arrayContaining([expect.stringMatching(/Unable to lock|Can't lock aria/)]),
    });
  });

  it("stops cleanly on SIGTERM and starts again without a step", async () => {
    await server.start();
    await server.ready();
    expect(await server.stop()).toBe(0);
    expect(await server.log()).toContain("Shutdown complete");
    await server.start();
    await server.ready();
    expect(await server.log()).not.toContain("making the data directory");
  });

  it("upgrades the system tables when the server's version changed", async () => {
    await server.start();
    await server.ready();
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
    const owner = { site: "lost", environment: "production" };
    expect(await server.databases.findDatabase(server.reference, owner)).toEqual({ name, user, uid });
    expect(await server.databases.findDatabase(server.reference, { ...owner, environment: "stage" })).toBeUndefined();
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

  it("loses no acknowledged row when the server is killed under load (M3)", { timeout: 240_000 }, async () => {
    await asSite("load", (client) => client.query(sql`CREATE TABLE acked (writer INT, n INT, PRIMARY KEY (writer, n))`));
    const acked: string[] = [];
    for (let round = 0; round < 2; round += 1) {
      const writers = Array.from({ length: 4 }, async (_, writer) => {
        await asSite("load", async (client) => {
          for (let n = 0; ; n += 1) {
            await client.query(new Sql(`INSERT INTO acked VALUES (${writer + 10 * round}, ${n})`));
            acked.push(`${writer + 10 * round} ${n}`);
          }
        });
      });
      const ended = Promise.allSettled(writers);
      const before = acked.length;
      await expect.poll(() => acked.length - before, { timeout: 180_000 }).toBeGreaterThan(100);
      await server.kill();
      for (const { status } of await ended) expect(status).toBe("rejected");
      await server.start();
      await server.ready();
    }
    const rows = await asSite("load", (client) => client.query(sql`SELECT writer, n FROM acked`));
    const stored = new Set(rows.map((row) => `${row["writer"]} ${row["n"]}`));
    expect(acked.filter((row) => !stored.has(row))).toEqual([]);
  });

  it("shows no password in logs, container configuration or arguments (I1)", async () => {
    const passwords = [
      (await ensure("blog")).password,
      await server.secrets.getOrGenerate("howdah-system", server.reference.name, "admin-password", { bytes: 1, encoding: "hex" }),
    ];
    const seen = [await server.log(), await server.inspect(), (await run(["ps", "-eo", "args"])).stdout].join("\n");
    for (const password of passwords) expect(seen).not.toContain(password.reveal());
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

describe.skipIf(image === undefined)("dump, import and shell", () => {
  let server: MariadbContainer;
  let ports: ImportPorts;
  const context: EngineContext = { emit: () => {}, signal: new AbortController().signal };
  beforeAll(async () => {
    server = await mariadbContainer(image ?? "", version);
    await server.start();
    await server.ready();
    ports = server.ports(server.directory);
  });
  afterAll(() => server.remove());

  const site = async (name: string): Promise<SiteRecord> => {
    const access = await server.databases.ensureDatabase({
      server: server.reference,
      site: name,
      environment: "production",
      namespace: name,
      charset: "utf8mb4",
      collation: "utf8mb4_unicode_ci",
    });
    const { host, port, user, uid } = access;
    const database = { server: server.reference.name, host, port, name: access.name, user, uid };
    return { namespace: name, site: { name }, database } as SiteRecord;
  };
  const query = async (record: SiteRecord, statement: Sql) => {
    const { name, user } = record.database ?? { name: "", user: "" };
    const password = await sitePassword(record, ports);
    return await withSqlClient({ server: server.reference, user, password, database: name }, (client) => client.query(statement));
  };
  const write = async (name: string, content: string | Uint8Array): Promise<string> => {
    await writeFile(join(server.directory, name), content);
    return join(server.directory, name);
  };
  const importing = (record: SiteRecord, file: string, more: Partial<ImportRequest> = {}) =>
    importDatabase(record, { source: { file }, yes: true, clean: false, ...more }, ports, context);

  /** Every byte value, emoji, quotes, routines, triggers, views, events: what dumps get wrong. */
  const fill = async (record: SiteRecord): Promise<void> => {
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, value) => value)).toString("hex");
    for (const statement of [
      sql`CREATE TABLE t (id INT AUTO_INCREMENT PRIMARY KEY, b BLOB, v TEXT, n INT)`,
      new Sql(
        `INSERT INTO t (b, v, n) VALUES (x'${bytes}', ${text('💥 it\'s \\ "漢"\r\n; USE x; -- DEFINER=`a`@`b`\0\u001a').text}, NULL)`,
      ),
      sql`CREATE VIEW w AS SELECT id, v FROM t`,
      sql`CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END`,
      sql`CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN SET NEW.n = 7; END`,
      sql`CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t WHERE id < 0`,
    ])
      await query(record, statement);
  };
  const content = async (record: SiteRecord) => ({
    rows: await query(record, sql`SELECT id, HEX(b) AS b, HEX(v) AS v, n FROM t ORDER BY id`),
    view: await query(record, sql`SELECT COUNT(*) AS n FROM w`),
    routines: await query(record, sql`SELECT ROUTINE_NAME AS name FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = DATABASE()`),
    triggers: await query(record, sql`SELECT TRIGGER_NAME AS name FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = DATABASE()`),
    events: await query(record, sql`SELECT EVENT_NAME AS name FROM information_schema.EVENTS WHERE EVENT_SCHEMA = DATABASE()`),
  });

  it.each(["dump.sql", "dump.sql.gz"])("carries everything from one site to another through %s", async (name) => {
    const from = await site(`from-${name.length}`);
    const to = await site(`to-${name.length}`);
    await fill(from);
    const file = join(server.directory, name);
    const result = await dumpDatabase(from, { file, overwrite: false }, ports, context);
    expect(result.bytes).toBeGreaterThan(1000);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await importing(to, file, { yes: false })).toMatchObject({ tables: 2, before: null });
    expect(await content(to)).toEqual(await content(from));
    const [definer] = await query(to, sql`SELECT DEFINER AS d FROM information_schema.VIEWS WHERE TABLE_SCHEMA = DATABASE()`);
    expect(definer).toEqual({ d: `${to.database?.user}@%` });
  });

  it("leaves no file when a dump fails, and keeps the one that is there", async () => {
    const record = await site("broken");
    const file = await write("kept.sql", "former");
    const lost = { ...record, database: { ...record.database, name: "nowhere" } } as SiteRecord;
    await expect(dumpDatabase(lost, { file, overwrite: true }, ports, context)).rejects.toMatchObject({
      code: "database/failed",
      output: [expect.stringContaining("nowhere")],
    });
    await expect(dumpDatabase(record, { file, overwrite: false }, ports, context)).rejects.toMatchObject({ code: "usage/invalid" });
    await expect(
      dumpDatabase(record, { file: join(server.directory, "no/dir.sql"), overwrite: false }, ports, context),
    ).rejects.toMatchObject({ code: "usage/invalid" });
    const truncating = {
      ...ports,
      engine: {
        ...ports.engine,
        exec: async (...[target, request, during]: Parameters<typeof ports.engine.exec>) => {
          const cut = new Transform({ transform: (chunk: Buffer, _encoding, done) => done(null, chunk.subarray(0, 100)) });
          cut.pipe(request.stdout as Writable, { end: false });
          return await ports.engine.exec(target, { ...request, stdout: cut }, during);
        },
      },
    };
    await expect(dumpDatabase(record, { file, overwrite: true }, truncating, context)).rejects.toMatchObject({
      message: expect.stringContaining("not whole"),
    });
    expect(await readFile(file, "utf8")).toBe("former");
    expect((await readdir(server.directory)).filter((name) => name.includes("partial"))).toEqual([]);
  });

  it("asks before it changes tables, keeps what was there, and takes it back", async () => {
    const record = await site("asked");
    await fill(record);
    const before = await content(record);
    const file = await write("small.sql", "DROP TABLE t; CREATE TABLE u (a INT); INSERT INTO u VALUES (1);");
    await expect(importing(record, file, { yes: false })).rejects.toMatchObject({
      code: "usage/invalid",
      hint: expect.stringContaining("--yes"),
    });
    expect(await content(record)).toEqual(before);
    const result = await importing(record, file);
    expect(await query(record, sql`SELECT a FROM u`)).toEqual([{ a: 1 }]);
    await importing(record, result.before ?? "", { clean: true });
    expect(await content(record)).toEqual(before);
    expect(await ports.databases.tableCount({ server: server.reference, name: "asked" })).toBe(2);
  });

  it("puts the former content back when a statement fails", async () => {
    const record = await site("undone");
    await fill(record);
    const before = await content(record);
    const file = await write("fails.sql", "DROP TABLE t; CREATE TABLE u (a INT); SELECT nonsense FROM nowhere; CREATE TABLE x (a INT);");
    await expect(importing(record, file)).rejects.toMatchObject({
      code: "database/failed",
      output: expect.arrayContaining([expect.stringContaining("nowhere")]),
    });
    const long = `SELECT nonsense FROM nowhere;\n${"CREATE TABLE IF NOT EXISTS x (a INT);\n".repeat(200_000)}`;
    await expect(importing(record, await write("long.sql", long), { clean: true })).rejects.toMatchObject({ code: "database/failed" });
    expect(await content(record)).toEqual(before);
  });

  it.each([undefined, "wrong"])("leaves the database alone when its user can't log in (password %s)", async (password) => {
    const record = await site("locked-out");
    if ((await ports.databases.tableCount({ server: server.reference, name: "locked_out" })) === 0) await fill(record);
    const before = await content(record);
    const file = await write("fine.sql", "CREATE TABLE u (a INT);");
    const get: ImportPorts["secrets"]["get"] = async () =>
      password === undefined ? undefined : { password: new Secret(password, "test") };
    const locked = { ...ports, secrets: { ...ports.secrets, get } };
    for (const clean of [false, true])
      await expect(importDatabase(record, { source: { file }, yes: true, clean }, locked, context)).rejects.toMatchObject({
        code: "database/failed",
      });
    expect(await content(record)).toEqual(before);
  });

  it("leaves the database alone when the server refuses the client in the middle and afterwards", async () => {
    const record = await site("cut-off");
    await fill(record);
    const before = await content(record);
    const file = await write("half.sql", "CREATE TABLE u (a INT);");
    let calls = 0;
    const cut = {
      ...ports,
      engine: {
        ...ports.engine,
        exec: async (...given: Parameters<typeof ports.engine.exec>) => {
          if (given[1].argv[0] === "mariadb-dump" || (calls += 1) === 1) return await ports.engine.exec(...given);
          return 1;
        },
      },
    };
    await expect(importDatabase(record, { source: { file }, yes: true, clean: false }, cut, context)).rejects.toMatchObject({
      message: expect.stringContaining("could not be put back"),
    });
    expect(await content(record)).toEqual(before);
  });

  it("is not taken for what an interrupted installation left, neither after an import nor after its undo", async () => {
    const record = await site("begun");
    const rows = sql`SELECT step, state FROM howdah_ledger ORDER BY step`;
    await query(
      record,
      sql`CREATE TABLE howdah_ledger (step VARCHAR(191) PRIMARY KEY, state VARCHAR(16), finished_at DATETIME, detail TEXT)`,
    );
    await query(record, sql`INSERT INTO howdah_ledger (step, state) VALUES ('install', 'started'), ('migrate:r1', 'done')`);
    const bad = await write("bad.sql", "SELECT nonsense FROM nowhere;");
    await expect(importing(record, bad)).rejects.toMatchObject({ code: "database/failed" });
    expect(await query(record, rows)).toEqual([
      { step: "install", state: "started" },
      { step: "migrate:r1", state: "done" },
    ]);
    await query(record, sql`CREATE TABLE half (a INT)`);
    await expect(importing(record, bad)).rejects.toMatchObject({ code: "database/failed" });
    expect(await query(record, rows)).toEqual([{ step: "install", state: "adopted" }]);
    await query(record, sql`UPDATE howdah_ledger SET state = 'started'`);
    await importing(record, await write("good.sql", "CREATE TABLE mine (a INT);"));
    expect(await query(record, rows)).toEqual([{ step: "install", state: "adopted" }]);
  });

  it("takes no statement, and no command of the client, out of the site's database", async () => {
    const record = await site("jail");
    const victim = await site("victim");
    await query(victim, sql`CREATE TABLE secret (a INT)`);
    for (const [name, line, code] of [
      ["use", "USE victim; DROP TABLE secret;", "usage/invalid"],
      ["create", "CREATE DATABASE other;", "usage/invalid"],
      ["other", "DROP TABLE victim.secret;", "database/failed"],
      ["shell", "\\! touch /run/mysqld/escaped\n", "database/failed"],
      ["system", "system touch /run/mysqld/escaped\n", "database/failed"],
      ["source", "source /run/secrets/database/init.sql\n", "database/failed"],
      ["local", "CREATE TABLE l (a TEXT); LOAD DATA LOCAL INFILE '/run/secrets/database/client.cnf' INTO TABLE l;", "database/failed"],
      ["empty", "\n", "usage/invalid"],
      ["cut", "-- MariaDB dump 10.19\nCREATE TABLE c (a INT);\n", "usage/invalid"],
      ["gzip", gzipSync("CREATE TABLE c (a INT);").subarray(0, 30), "usage/invalid"],
    ] as const) {
      await expect(importing(record, await write(`${name}.sql`, line)), name).rejects.toMatchObject({ code });
    }
    const seen = await exec(["/bin/sh", "-c", "ls /run/mysqld"]);
    expect(seen).not.toContain("escaped");
    expect(await query(victim, sql`SELECT COUNT(*) AS n FROM secret`)).toEqual([{ n: 0 }]);
    expect(await ports.databases.tableCount({ server: server.reference, name: "jail" })).toBe(0);
  });

  it("imports from standard input and keeps no copy of it", async () => {
    const record = await site("piped");
    await importDatabase(
      record,
      { source: { stream: Readable.from(["CREATE TABLE a (b INT);"]) }, yes: false, clean: false },
      ports,
      context,
    );
    expect(await ports.databases.tableCount({ server: server.reference, name: "piped" })).toBe(1);
    expect(await readdir(safetyDirectory(record, ports))).toEqual([]);
  });

  it("opens a shell as the site's user; the password is in no argument list and no file", async () => {
    const record = await site("shell");
    const stdin = Readable.from(["SELECT CURRENT_USER(), DATABASE();\n", "SELECT SLEEP(2);\n"]);
    const out: string[] = [];
    const capturing = {
      ...ports,
      engine: {
        ...ports.engine,
        exec: async (...[target, request, during]: Parameters<typeof ports.engine.exec>) => {
          const stdout = new Writable({
            write: (chunk: Buffer, _encoding, done) => {
              out.push(chunk.toString());
              done();
            },
          });
          return await ports.engine.exec(target, { ...request, stdout }, during);
        },
      },
    };
    const running = databaseShell(record, { tty: false, stdin }, capturing, context);
    await sleep(1000);
    const processes =
      (await run(["ps", "-eo", "args"])).stdout + (await exec(["/bin/sh", "-c", "ls /run/mysqld; cat /proc/*/cmdline 2>/dev/null"]));
    expect(await running).toBe(0);
    expect(out.join("")).toContain("shell@%\tshell");
    expect(processes).not.toContain((await sitePassword(record, ports)).reveal());
    expect(processes).not.toMatch(/\/client-[0-9a-f]{24}/);
  });

  async function exec(argv: readonly string[]): Promise<string> {
    const kept = lastLines(1000);
    await server.exec(
      { namespace: "", workload: "", container: "" },
      { argv, stdin: "none", stdout: kept.stream, stderr: kept.stream },
      context,
    );
    return kept.lines().join("\n");
  }
});
