import { setTimeout as sleep } from "node:timers/promises";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { isWriteBlocked } from "./block-writes.ts";
import { identifier, type Sql, sql, text } from "../../../kernel/sql.ts";
import { type ConnectServer, type Login, refusalNumber, type SqlClient, withSqlClient } from "./sql-client.ts";

/** Is there while a provisioning is not proved: whoever comes after a crash proves it again. */
const MARK = "howdah_proof";
const SCRATCH = "howdah_scratch";

const ACCESS_DENIED: readonly (number | undefined)[] = [1044, 1142];
const TOO_MANY_OF_USER = 1226;
const TRIES = 8;
const PAUSE_MS = 250;

/** Makes the mark. After the database, before anything of its user. */
export function proofMark(database: string): Sql {
  return sql`CREATE TABLE IF NOT EXISTS ${identifier(database)}.${identifier(MARK)} (n INT) COMMENT ${text("Howdah: provisioning is not proved yet")}`;
}

/** The mark again, when a proof was cut off; else nothing. */
export async function proofStatements(client: SqlClient, database: string): Promise<readonly Sql[]> {
  const [found] = await client.query(
    sql`SELECT 1 AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${text(database)} AND TABLE_NAME = ${text(MARK)}`,
  );
  return found === undefined ? [] : [proofMark(database)];
}

/**
 * A database's name that a grant without escapes would open as well (`_` is a wildcard there, reliability M6). One without `_` has no such
 * sibling: any other name must be refused then.
 */
export function lookAlike(database: string): string {
  const other = database.replaceAll("_", "x");
  return other === database ? `${database.slice(0, 63)}x` : other;
}

/**
 * Proves a provisioning as the site's own user: it logs in, makes a table, writes, reads and deletes a row, takes the table away, and is refused by
 * a database of a look-alike name, which need not be there: the server answers "denied" before it says that nothing is there. Nothing stays.
 * A user that has all its connections in use has shown that it can log in: the rest is left out then. Errors: `database/failed`.
 */
export async function proveDatabase(
  admin: SqlClient,
  login: Login & { readonly database: string },
  through: ConnectServer | undefined,
): Promise<void> {
  const mayWrite = !(await isWriteBlocked(admin, login.database));
  for (let left = TRIES; left > 0; left--) {
    const error = await withSqlClient(login, (client) => proveAsUser(client, login.database, mayWrite), through).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error === undefined) break;
    if (refusalNumber(error) !== TOO_MANY_OF_USER) throw error;
    await sleep(PAUSE_MS);
  }
  await admin.query(sql`DROP TABLE IF EXISTS ${identifier(login.database)}.${identifier(MARK)}`);
}

/** One that may not write (`blockWrites`) proves all the rest. */
async function proveAsUser(client: SqlClient, database: string, mayWrite: boolean): Promise<void> {
  if (mayWrite) await proveWriting(client, database);
  await mustBeRefused(client, lookAlike(database), database);
}

async function proveWriting(client: SqlClient, database: string): Promise<void> {
  const table = sql`${identifier(database)}.${identifier(SCRATCH)}`;
  await client.query(sql`CREATE OR REPLACE TABLE ${table} (word VARCHAR(40))`);
  await client.query(sql`INSERT INTO ${table} VALUES (${text(database.slice(0, 40))})`);
  const [row] = await client.query(sql`SELECT word FROM ${table}`);
  if (row?.["word"] !== database.slice(0, 40))
    throw new HowdahError("database/failed", `The database ${database} does not give back what was written into it`);
  await client.query(sql`DELETE FROM ${table}`);
  await client.query(sql`DROP TABLE ${table}`);
}

async function mustBeRefused(client: SqlClient, other: string, own: string): Promise<void> {
  const error = await client.query(sql`SELECT 1 FROM ${identifier(other)}.${identifier(SCRATCH)}`).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (ACCESS_DENIED.includes(refusalNumber(error))) return;
  if (error !== undefined && refusalNumber(error) === undefined) throw error;
  throw new HowdahError("database/failed", `The user of the database ${own} is let into ${other}, which is not its own`, {
    hint: `Look at its rights: SHOW GRANTS FOR '${own}'@'%', and at those of roles and of PUBLIC.`,
  });
}
