import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe } from "vitest";
import { defaultMariadb } from "../../src/catalog/mariadb-versions.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { DatabaseAccess, ServerReference } from "../../src/providers/database/database-server.ts";
import { databaseServerContract, type SiteSession } from "../../src/providers/database/database-server-contract.ts";
import { mariadbServer } from "../../src/providers/database/mariadb/mariadb-server.ts";
import { identifier, sql, text } from "../../src/kernel/sql.ts";
import { withSqlClient } from "../../src/providers/database/mariadb/sql-client.ts";
import { fileSecretStore } from "../../src/providers/secrets/file-secret-store.ts";
import { systemClock } from "../../src/providers/system-clock.ts";
import { mariadbContainer } from "../support/mariadb-container.ts";
import { mariadbImage } from "../support/mariadb-image.ts";
import { outsideMachine, whyNoOutsideMachine } from "../support/outside-mariadb.ts";

const image = await mariadbImage(defaultMariadb);

function siteOn(server: ServerReference, { user, password }: Pick<DatabaseAccess, "user" | "password">): SiteSession {
  return {
    makeTable: (database, table) =>
      withSqlClient({ server, user, password }, async (client) => {
        await client.query(sql`CREATE TABLE ${identifier(database)}.${identifier(table)} (a INT)`);
        await client.query(sql`INSERT INTO ${identifier(database)}.${identifier(table)} VALUES (1)`);
      }),
    tables: (database) =>
      withSqlClient({ server, user, password, database }, async (client) => {
        const rows = await client.query(
          sql`SELECT TABLE_NAME AS name FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${text(database)} ORDER BY 1`,
        );
        for (const { name } of rows) await client.query(sql`SELECT * FROM ${identifier(database)}.${identifier(String(name))}`);
        return rows.map(({ name }) => String(name));
      }),
  };
}

describe.skipIf(image === undefined)("with podman", () => {
  databaseServerContract("an embedded MariaDB", async () => {
    const server = await mariadbContainer(image ?? "", defaultMariadb);
    await server.start();
    await server.ready();
    const { databases, reference } = server;
    return { databases, server: reference, as: (access) => siteOn(reference, access), stop: () => server.remove() };
  });
});

describe.skipIf((await whyNoOutsideMachine()) !== undefined)("with a machine outside", () => {
  databaseServerContract("a MariaDB that exists", async () => {
    const outside = await outsideMachine(75, 1);
    const address = outside.servers[0]?.address ?? "";
    const { user, password } = outside.administrator;
    const quoted = text(password).text;
    await outside.servers[0]?.query(`CREATE USER ${user}@'%' IDENTIFIED BY ${quoted}`);
    await outside.servers[0]?.query(`GRANT ALL PRIVILEGES ON *.* TO ${user}@'%' WITH GRANT OPTION`);
    const directory = await mkdtemp(join(tmpdir(), "t-external-"));
    const secrets = fileSecretStore(directory);
    await secrets.set("howdah-system", "keeper", { user: new Secret(user, "a test"), password: new Secret(password, "a test") });
    const server: ServerReference = { name: "company", locate: async () => ({ address, port: 3306 }) };
    return {
      databases: mariadbServer(secrets, systemClock, undefined, async () => "keeper"),
      server,
      as: (access) => siteOn(server, access),
      stop: async () => {
        await outside.remove();
        await rm(directory, { recursive: true });
      },
    };
  });
});
