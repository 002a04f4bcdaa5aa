import type { DatabaseReference } from "../database-server.ts";
import { uidComment } from "./ensure-database.ts";
import { account, identifier, sql, text } from "../../../kernel/sql.ts";
import type { SqlClient } from "./sql-client.ts";

/**
 * Drops the database whose comment carries this identity, and its user. A database of that name with another identity belongs to
 * somebody else by now and stays, and so does its user.
 */
export async function dropOwnDatabase(
  client: SqlClient,
  database: DatabaseReference & { readonly user: string; readonly uid: string },
): Promise<boolean> {
  const [found] = await client.query(
    sql`SELECT SCHEMA_COMMENT AS comment FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${text(database.name)}`,
  );
  if (found?.["comment"] !== uidComment(database.uid)) return false;
  await client.query(sql`DROP USER IF EXISTS ${account(database.user)}`);
  await client.query(sql`DROP DATABASE ${identifier(database.name)}`);
  return true;
}
