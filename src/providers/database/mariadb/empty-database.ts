import { HowdahError } from "../../../kernel/howdah-error.ts";
import { identifier, sql, text, word } from "../../../kernel/sql.ts";
import type { SqlClient } from "./sql-client.ts";

/**
 * Empties a database by making it anew: tables, views, routines, events and triggers, whatever the version knows, are gone at once.
 * After a crash between the two statements the database is missing, and the next `ensureDatabase` makes it.
 */
export async function emptyDatabase(client: SqlClient, name: string): Promise<void> {
  const [found] = await client.query(
    sql`SELECT DEFAULT_CHARACTER_SET_NAME AS charset, DEFAULT_COLLATION_NAME AS collation, SCHEMA_COMMENT AS comment FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${text(name)}`,
  );
  if (found === undefined) throw new HowdahError("database/failed", `There is no database ${name}`);
  const traits = sql`CHARACTER SET ${word(String(found["charset"]))} COLLATE ${word(String(found["collation"]))} COMMENT ${text(String(found["comment"]))}`;
  await client.query(sql`DROP DATABASE ${identifier(name)}`);
  await client.query(sql`CREATE DATABASE ${identifier(name)} ${traits}`);
}
