import { HowdahError } from "../../../kernel/howdah-error.ts";
import { identifier, sql, text } from "../../../kernel/sql.ts";
import type { SqlClient } from "./sql-client.ts";

/** Asks each view for its columns, as mariadb-dump does: the information schema does not say which ones are broken. */
export async function brokenViews(client: SqlClient, database: string): Promise<readonly string[]> {
  const rows = await client.query(
    sql`SELECT TABLE_NAME AS name FROM information_schema.VIEWS WHERE TABLE_SCHEMA = ${text(database)} ORDER BY TABLE_NAME`,
  );
  const broken: string[] = [];
  for (const name of rows.map((row) => String(row["name"]))) {
    try {
      await client.query(sql`SHOW FIELDS FROM ${identifier(database)}.${identifier(name)}`);
    } catch (error) {
      if (!(error instanceof HowdahError && error.code === "database/failed")) throw error;
      broken.push(name);
    }
  }
  return broken;
}
