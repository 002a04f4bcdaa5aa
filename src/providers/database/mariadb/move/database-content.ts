import type { DatabaseContent, TableContent } from "../../../../plan/database-move/compare-contents.ts";
import { identifier, type Sql, sql, text } from "../../../../kernel/sql.ts";
import type { Row, SqlClient } from "../sql-client.ts";

const SPATIAL = /^(geometry|point|linestring|polygon|multi(point|linestring|polygon)|geometrycollection)/;

/** Reads all that a database holds. Checksums are of what a client is shown, so they are the same on every version, whatever rows look like on the disk. */
export async function databaseContent(
  client: SqlClient,
  name: string,
  { checksums, leftOut }: { readonly checksums: boolean; readonly leftOut: readonly string[] },
): Promise<DatabaseContent> {
  await client.query(sql`SET SESSION time_zone = '+00:00', max_statement_time = 0`);
  const columns = await byTable(
    client,
    sql`SELECT TABLE_NAME AS t, COLUMN_NAME AS c, COLUMN_TYPE AS type, IS_NULLABLE AS nullable, EXTRA AS extra, COALESCE(COLLATION_NAME, '') AS collation FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ${text(name)} ORDER BY TABLE_NAME, ORDINAL_POSITION`,
  );
  const indexes = await byTable(
    client,
    sql`SELECT TABLE_NAME AS t, INDEX_NAME AS i, NON_UNIQUE AS many, COLUMN_NAME AS c, COALESCE(SUB_PART, 0) AS part FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ${text(name)} ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`,
  );
  const tables: TableContent[] = [];
  for (const table of await names(
    client,
    sql`SELECT TABLE_NAME AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${text(name)} AND TABLE_TYPE NOT IN ('VIEW', 'SEQUENCE') ORDER BY TABLE_NAME`,
  )) {
    const own = columns.get(table) ?? [];
    const [found] = await client.query(
      sql`SELECT COUNT(*) AS n${checksums ? sumOf(own) : sql``} FROM ${identifier(name)}.${identifier(table)}`,
    );
    tables.push({
      name: table,
      rows: Number(found?.["n"]),
      checksum: checksums ? String(found?.["s"]) : null,
      shape: JSON.stringify([own.map(columnShape), (indexes.get(table) ?? []).map(({ t: _table, ...rest }) => Object.values(rest))]),
    });
  }
  return { tables, others: await others(client, name, leftOut) };
}

/** A sum, since rows have no order. Each column in the bytes that it has, and nothing told apart from an empty text. */
function sumOf(columns: readonly Row[]): Sql {
  const parts = columns.map((row) => {
    const column = identifier(String(row["c"]));
    const bytes = SPATIAL.test(String(row["type"])) ? sql`ST_AsWKB(${column})` : sql`CAST(${column} AS BINARY)`;
    return sql`IFNULL(CONCAT('=', ${bytes}), '-')`;
  });
  return sql`, COALESCE(SUM(CRC32(CONCAT_WS(',', ${parts.reduce((all, one) => sql`${all}, ${one}`, sql`''`)}))), 0) AS s`;
}

/** Versions name `utf8` differently. */
function columnShape(row: Row): readonly unknown[] {
  return [row["c"], row["type"], row["nullable"], row["extra"], String(row["collation"]).replace(/^utf8_/, "utf8mb3_")];
}

async function others(client: SqlClient, name: string, leftOut: readonly string[]): Promise<readonly string[]> {
  const schema = text(name);
  const found = await client.query(
    sql`SELECT CONCAT(LOWER(TABLE_TYPE), ' ', TABLE_NAME) AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${schema} AND TABLE_TYPE IN ('VIEW', 'SEQUENCE') UNION ALL SELECT CONCAT('trigger ', TRIGGER_NAME) FROM information_schema.TRIGGERS WHERE TRIGGER_SCHEMA = ${schema} UNION ALL SELECT CONCAT(LOWER(ROUTINE_TYPE), ' ', ROUTINE_NAME) FROM information_schema.ROUTINES WHERE ROUTINE_SCHEMA = ${schema} UNION ALL SELECT CONCAT('event ', EVENT_NAME) FROM information_schema.EVENTS WHERE EVENT_SCHEMA = ${schema}`,
  );
  const broken = new Set(leftOut.map((view) => `view ${view}`));
  return found
    .map((row) => String(row["n"]))
    .filter((one) => !broken.has(one))
    .toSorted();
}

async function names(client: SqlClient, statement: Sql): Promise<readonly string[]> {
  return (await client.query(statement)).map((row) => String(row["n"]));
}

async function byTable(client: SqlClient, statement: Sql): Promise<ReadonlyMap<string, readonly Row[]>> {
  const tables = new Map<string, Row[]>();
  for (const row of await client.query(statement)) {
    const table = String(row["t"]);
    tables.set(table, [...(tables.get(table) ?? []), row]);
  }
  return tables;
}
