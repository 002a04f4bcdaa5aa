import { randomBytes } from "node:crypto";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { Secret } from "../../../kernel/secret.ts";
import type { ServerReference } from "../database-server.ts";
import type { LoadConnection, ScratchDatabase } from "../load-connection.ts";
import type { AdminClient } from "./admin-client.ts";
import { identifiedBy } from "./native-password.ts";
import { account, grantPattern, identifier, sql } from "../../../kernel/sql.ts";
import type { ConnectServer, Row, SqlClient } from "./sql-client.ts";

/** A frozen server is noticed by nobody else than who waits for it: a load gives up after this. */
const STATEMENT_MS = 15_000;
const CONNECT_MS = 3_000;

/**
 * Makes a database for a test load, with a random name that says what it is: whoever finds one that was left behind may drop it. `through`: another way to the
 * server than its address.
 */
export async function scratchDatabase(server: ServerReference, admin: AdminClient, through?: ConnectServer): Promise<ScratchDatabase> {
  const name = `howdah_drill_${randomBytes(5).toString("hex")}`;
  const password = new Secret(randomBytes(24).toString("hex"), "a drill");
  const asAdmin = async (work: (client: SqlClient) => Promise<void>): Promise<void> => {
    await admin.run(server, work);
  };
  await asAdmin(async (client) => {
    await client.query(sql`CREATE DATABASE ${identifier(name)} CHARACTER SET utf8mb4`);
    await client.query(sql`CREATE USER ${account(name)} ${identifiedBy(password)}`);
    await client.query(sql`GRANT SELECT, INSERT, UPDATE, CREATE ON ${grantPattern(name)}.* TO ${account(name)}`);
  });
  return {
    connect: async () => await loadConnection(server, { user: name, password, database: name }, through),
    drop: async () => {
      await asAdmin(async (client) => {
        await client.query(sql`DROP USER IF EXISTS ${account(name)}`);
        await client.query(sql`DROP DATABASE IF EXISTS ${identifier(name)}`);
      });
    },
  };
}

/** One connection of a load. Error: any of the driver's, and `database/unreachable` while the server has no address. */
async function loadConnection(
  server: ServerReference,
  login: { readonly user: string; readonly password: Secret; readonly database: string },
  through: ConnectServer | undefined,
): Promise<LoadConnection> {
  const place = await server.locate();
  if (place === undefined) throw new HowdahError("database/unreachable", `The database server ${server.name} does not run`);
  const { default: mysql } = await import("mysql2/promise");
  const stream = await through?.(place);
  const options = {
    ...(stream === undefined ? {} : { stream }),
    ...{ host: place.address, port: place.port, user: login.user, password: login.password.reveal(), database: login.database },
    ...{ charset: "utf8mb4", connectTimeout: CONNECT_MS, supportBigNumbers: true },
  };
  const connection = await mysql.createConnection(options).catch((error: unknown) => {
    stream?.destroy();
    throw error;
  });
  connection.on("error", () => {}); // it also reaches the query that waits
  return {
    async query(statement) {
      const [rows] = await connection.query({ sql: statement.text, timeout: STATEMENT_MS });
      return Array.isArray(rows) ? (rows as Row[]) : [];
    },
    close: () => {
      connection.destroy();
      stream?.destroy(); // mysql2 only ends it, which a way through an API server has no word for
    },
  };
}
