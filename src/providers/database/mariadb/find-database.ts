import { databaseNameFor } from "../database-names.ts";
import type { DatabaseOwner, FoundDatabase } from "../database-server.ts";
import { uidComment } from "./ensure-database.ts";
import { sql, text } from "../../../kernel/sql.ts";
import type { SqlClient } from "./sql-client.ts";

/** The database that has an owner's name, with the identity in its comment. One without such a comment is not ours: undefined. */
export async function findOwnDatabase(
  client: SqlClient,
  { site, environment }: Pick<DatabaseOwner, "site" | "environment">,
): Promise<FoundDatabase | undefined> {
  const name = databaseNameFor(site, environment);
  const [found] = await client.query(
    sql`SELECT SCHEMA_COMMENT AS comment FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${text(name)}`,
  );
  const comment = String(found?.["comment"] ?? "");
  return comment.startsWith(uidComment("")) ? { name, user: name, uid: comment.slice(uidComment("").length) } : undefined;
}
