import type { DatabaseSchema } from "../../anonymize/database-schema.ts";
import { databaseSchemaFrom, schemaQueries } from "../../anonymize/schema-queries.ts";
import type { Sql } from "../../kernel/sql.ts";

/** Whoever answers statements with rows: a server of sites, or a private one. */
export interface Asked {
  query(statement: Sql): Promise<readonly Readonly<Record<string, unknown>>[]>;
}

/** Reads a database's definitions: four questions, whatever the size of its rows. */
export async function readSchema(asked: Asked, database: string): Promise<DatabaseSchema> {
  const [tables, columns, keys, foreign] = schemaQueries(database);
  return databaseSchemaFrom([await asked.query(tables), await asked.query(columns), await asked.query(keys), await asked.query(foreign)]);
}
