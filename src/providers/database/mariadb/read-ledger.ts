import type { LedgerRow } from "../database-server.ts";
import { identifier, sql, text } from "../../../kernel/sql.ts";
import type { SqlClient } from "./sql-client.ts";

/** Reads the table that src/entrypoint/php/database-ledger.php keeps in a site's database. It is only read here: containers write it, under its lock. */
export async function readLedger(client: SqlClient, database: string): Promise<readonly LedgerRow[] | null> {
  const [there] = await client.query(
    sql`SELECT 1 AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${text(database)} AND TABLE_NAME = 'howdah_ledger'`,
  );
  if (there === undefined) return null;
  const rows = await client.query(
    sql`SELECT step, state, COALESCE(runner, '') AS runner FROM ${identifier(database)}.howdah_ledger WHERE step <> 'lock' ORDER BY step`,
  );
  return rows.map((row) => ({ step: String(row["step"]), state: String(row["state"]), runner: String(row["runner"]) }));
}
