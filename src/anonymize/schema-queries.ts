import { type Sql, sql, text } from "../kernel/sql.ts";
import type { ColumnSchema, DatabaseSchema, ForeignKey, TableSchema, UniqueKey } from "./database-schema.ts";

/** A row as any client of MariaDB gives it. */
type Row = Readonly<Record<string, unknown>>;

/** The four questions to information_schema; `databaseSchemaFrom` takes their answers in this order. */
export function schemaQueries(database: string): readonly [tables: Sql, columns: Sql, keys: Sql, foreign: Sql] {
  const here = text(database);
  return [
    sql`SELECT TABLE_NAME, TABLE_ROWS FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${here} AND TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED') ORDER BY TABLE_NAME`,
    sql`SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, COLUMN_TYPE, CHARACTER_MAXIMUM_LENGTH, IS_NULLABLE, CHARACTER_SET_NAME, COLLATION_NAME, EXTRA, IS_GENERATED, COLUMN_DEFAULT, COLUMN_COMMENT, GENERATION_EXPRESSION FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = ${here} ORDER BY TABLE_NAME, ORDINAL_POSITION`,
    sql`SELECT TABLE_NAME, INDEX_NAME, COLUMN_NAME, SUB_PART FROM information_schema.STATISTICS WHERE TABLE_SCHEMA = ${here} AND NON_UNIQUE = 0 ORDER BY TABLE_NAME, INDEX_NAME, SEQ_IN_INDEX`,
    sql`SELECT TABLE_NAME, CONSTRAINT_NAME, COLUMN_NAME, REFERENCED_TABLE_NAME, REFERENCED_COLUMN_NAME FROM information_schema.KEY_COLUMN_USAGE WHERE TABLE_SCHEMA = ${here} AND REFERENCED_TABLE_SCHEMA = ${here} ORDER BY TABLE_NAME, CONSTRAINT_NAME, ORDINAL_POSITION`,
  ];
}

/** The answers as a schema. Fixtures of tests are such answers as JSON. */
export function databaseSchemaFrom([tables, columns, keys, foreign]: readonly [
  readonly Row[],
  readonly Row[],
  readonly Row[],
  readonly Row[],
]): DatabaseSchema {
  const [columnsOf, keysOf, foreignOf] = [columns, keys, foreign].map(byTable);
  return {
    tables: tables.map((row): TableSchema => {
      const name = word(row, "TABLE_NAME");
      return {
        name,
        rows: Number(row["TABLE_ROWS"] ?? 0),
        columns: (columnsOf?.get(name) ?? []).map(columnFrom),
        uniqueKeys: uniqueKeysFrom(keysOf?.get(name) ?? []),
        foreignKeys: foreignKeysFrom(foreignOf?.get(name) ?? []),
      };
    }),
  };
}

function byTable(rows: readonly Row[]): ReadonlyMap<string, readonly Row[]> {
  return Map.groupBy(rows, (row) => word(row, "TABLE_NAME"));
}

function word(row: Row, field: string): string {
  const value = row[field];
  return typeof value === "string" ? value : Buffer.isBuffer(value) ? value.toString() : String((value as number | null | undefined) ?? "");
}

function columnFrom(row: Row): ColumnSchema {
  const length = row["CHARACTER_MAXIMUM_LENGTH"];
  const optional = (field: string): string | null => (row[field] === null || row[field] === undefined ? null : word(row, field));
  return {
    name: word(row, "COLUMN_NAME"),
    type: word(row, "DATA_TYPE").toLowerCase(),
    columnType: word(row, "COLUMN_TYPE"),
    length: length === null || length === undefined ? null : Number(length),
    nullable: word(row, "IS_NULLABLE") === "YES",
    charset: optional("CHARACTER_SET_NAME"),
    collation: optional("COLLATION_NAME"),
    generated: word(row, "IS_GENERATED") === "ALWAYS" || /\bGENERATED\b/i.test(word(row, "EXTRA")),
    autoIncrement: /auto_increment/i.test(word(row, "EXTRA")),
    definition: ["COLUMN_DEFAULT", "COLUMN_COMMENT", "GENERATION_EXPRESSION"]
      .map((field) => word(row, field))
      .filter((one) => one !== "")
      .join(" "),
  };
}

function uniqueKeysFrom(rows: readonly Row[]): UniqueKey[] {
  return [...Map.groupBy(rows, (row) => word(row, "INDEX_NAME"))].map(([name, parts]) => ({
    name,
    columns: parts.map((row) => word(row, "COLUMN_NAME")),
    prefixes: parts.map((row) => (row["SUB_PART"] === null || row["SUB_PART"] === undefined ? null : Number(row["SUB_PART"]))),
  }));
}

function foreignKeysFrom(rows: readonly Row[]): ForeignKey[] {
  return [...Map.groupBy(rows, (row) => word(row, "CONSTRAINT_NAME"))].map(([name, parts]) => ({
    name,
    columns: parts.map((row) => word(row, "COLUMN_NAME")),
    table: word(parts[0] ?? {}, "REFERENCED_TABLE_NAME"),
    references: parts.map((row) => word(row, "REFERENCED_COLUMN_NAME")),
  }));
}
