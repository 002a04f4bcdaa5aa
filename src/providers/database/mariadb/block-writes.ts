import { account, grantPattern, type Sql, sql, text } from "../../../kernel/sql.ts";
import { refusalNumber, type SqlClient } from "./sql-client.ts";
import { endSessions } from "./suspend-user.ts";

/** What makes a database larger. SELECT, DELETE and DROP stay, so that its owner can read, and make room. */
const GROWING = sql`INSERT, UPDATE, CREATE, ALTER, INDEX, REFERENCES, CREATE TEMPORARY TABLES, CREATE VIEW, CREATE ROUTINE, ALTER ROUTINE, TRIGGER, EVENT`;

const NO_SUCH_GRANT = 1141;

/**
 * Takes from a database's user what makes it larger. The grants themselves are the memory of it: one statement, so there is no half of it, and
 * `ensureDatabase` leaves them alone until `allowWrites`. The sessions are ended, since a session keeps what it was given when it chose its
 * database (and a statement that runs goes on until then).
 */
export async function blockWrites(client: SqlClient, name: string): Promise<void> {
  try {
    await client.query(sql`REVOKE ${GROWING} ON ${grantPattern(name)}.* FROM ${account(name)}`);
  } catch (error) {
    if (refusalNumber(error) !== NO_SUCH_GRANT) throw error; // its user is gone, or has nothing
    return;
  }
  await endSessions(client, name);
}

/** Gives back what `blockWrites` took; nothing for a user that has its rights, or none. */
export async function allowWrites(client: SqlClient, name: string): Promise<void> {
  if (!(await isWriteBlocked(client, name))) return;
  await client.query(sql`GRANT ALL PRIVILEGES ON ${grantPattern(name)}.* TO ${account(name)}`);
  await endSessions(client, name);
}

/** Names of databases whose users were blocked. */
export async function blockedDatabases(client: SqlClient): Promise<readonly string[]> {
  const rows = await client.query(sql`SELECT User AS name FROM mysql.db WHERE ${BLOCKED} ORDER BY User`);
  return rows.map((row) => String(row["name"]));
}

/** Whether this database's user was blocked. */
export async function isWriteBlocked(client: SqlClient, name: string): Promise<boolean> {
  const pattern = text(grantPattern(name).text.slice(1, -1));
  const rows = await client.query(sql`SELECT 1 AS n FROM mysql.db WHERE Db = ${pattern} AND User = ${text(name)} AND ${BLOCKED}`);
  return rows.length > 0;
}

/** Exactly what is left by `blockWrites`: rights that somebody else took away are no block, and are mended. */
const BLOCKED: Sql = sql`Host = '%' AND Select_priv = 'Y' AND Delete_priv = 'Y' AND Drop_priv = 'Y' AND Lock_tables_priv = 'Y' AND Execute_priv = 'Y' AND Show_view_priv = 'Y' AND Insert_priv = 'N' AND Update_priv = 'N' AND Create_priv = 'N' AND Alter_priv = 'N' AND Index_priv = 'N' AND References_priv = 'N' AND Create_tmp_table_priv = 'N' AND Create_view_priv = 'N' AND Create_routine_priv = 'N' AND Alter_routine_priv = 'N' AND Trigger_priv = 'N' AND Event_priv = 'N' AND Grant_priv = 'N'`;
