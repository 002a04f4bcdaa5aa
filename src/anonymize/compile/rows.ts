import type { RowCondition } from "../../catalog/dataset-presets/dataset-rules.ts";
import { identifier, number, type Sql, Sql as Piece, sql, text } from "../../kernel/sql.ts";
import type { DatabaseSchema, TableSchema } from "../database-schema.ts";
import { commas } from "../masks/recipe-sql.ts";
import type { TableRules } from "../rules/rule-set.ts";
import { kindOf } from "./column-kind.ts";
import { sameName } from "./place.ts";

/** Which rows of a table stay: its condition, ORDER BY and LIMIT, and the rules that name what is not there. */
export interface CompiledRows {
  readonly where?: Sql;
  readonly limit?: Sql;
  readonly missing: readonly string[];
}

/** How far conditions follow one another: a chain of tables, never a circle. */
const DEEPEST = 8;

/** Compiles `rows` of a table's rules. Tables that are followed stand without a schema: the session's database is the raw one. */
export function compileRows(
  table: TableSchema,
  rules: TableRules,
  all: { readonly schema: DatabaseSchema; of(table: string): TableRules | undefined },
): CompiledRows {
  if (typeof rules.rows === "string") return { missing: [] };
  const missing: string[] = [];
  const where = whereOf(table, rules, { ...all, missing, alias: "r", depth: 0 });
  const newest = rules.rows.newest;
  const by = newest === undefined ? undefined : columnOf(table, newest.by);
  if (newest !== undefined && by === undefined) missing.push(`${table.name}.${newest.by}`);
  const limit = newest === undefined || by === undefined ? undefined : sql`ORDER BY r.${identifier(by)} DESC LIMIT ${number(newest.rows)}`;
  return { ...(where === undefined ? {} : { where }), ...(limit === undefined ? {} : { limit }), missing };
}

interface Looking {
  readonly schema: DatabaseSchema;
  of(table: string): TableRules | undefined;
  readonly missing: string[];
  readonly alias: string;
  readonly depth: number;
}

function columnOf(table: TableSchema, name: string): string | undefined {
  return table.columns.find((column) => sameName(column.name, name))?.name;
}

function whereOf(table: TableSchema, rules: TableRules | undefined, looking: Looking): Sql | undefined {
  const { rows } = rules ?? { rows: "all" as const };
  if (rows === "none" || rules?.action === "empty" || rules?.action === "drop") return sql`FALSE`;
  if (typeof rows === "string") return undefined;
  const tests = (rows.where ?? []).flatMap((condition) => testsOf(table, condition, looking));
  return tests.length === 0 ? undefined : new Piece(tests.map((test) => test.text).join(" AND "));
}

function testsOf(table: TableSchema, condition: RowCondition, looking: Looking): Sql[] {
  const name = columnOf(table, condition.column);
  const column = table.columns.find((one) => one.name === name);
  if (name === undefined || column === undefined) {
    looking.missing.push(`${table.name}.${condition.column}`);
    return [];
  }
  const value = sql`${identifier(looking.alias)}.${identifier(name)}`;
  const list = (values: readonly (string | number)[]): Sql => commas(values.map((one) => text(String(one))));
  const age = condition.newerThanDays;
  const since = age === undefined ? undefined : sql`(NOW() - INTERVAL ${number(age)} DAY)`;
  return [
    ...(condition.is === undefined ? [] : [sql`${value} IN (${list(condition.is)})`]),
    ...(condition.not === undefined ? [] : [sql`(${value} IS NULL OR ${value} NOT IN (${list(condition.not)}))`]),
    ...(condition.like === undefined ? [] : [sql`(${any(condition.like.map((one) => sql`${value} LIKE ${text(one)}`))})`]),
    ...(condition.notLike === undefined ? [] : condition.notLike.map((one) => sql`(${value} IS NULL OR ${value} NOT LIKE ${text(one)})`)),
    ...(since === undefined ? [] : [kindOf(column) === "integer" ? sql`${value} > UNIX_TIMESTAMP(${since})` : sql`${value} > ${since}`]),
    ...(condition.follows === undefined ? [] : followed(value, condition.follows, looking)),
  ];
}

function any(tests: readonly Sql[]): Sql {
  return new Piece(tests.map((test) => test.text).join(" OR "));
}

/** The row's value is there in a row of the other table that stays itself. */
function followed(value: Sql, follows: string, looking: Looking): Sql[] {
  const [parentName = "", columnName = ""] = follows.split(".");
  const parent = looking.schema.tables.find((one) => one.name === parentName);
  const column = parent === undefined ? undefined : columnOf(parent, columnName);
  if (parent === undefined || column === undefined || looking.depth >= DEEPEST) {
    looking.missing.push(follows);
    return [];
  }
  const alias = `p${String(looking.depth + 1)}`;
  const kept = whereOf(parent, looking.of(parentName), { ...looking, alias, depth: looking.depth + 1 });
  const rest = kept === undefined ? sql`` : sql` AND ${kept}`;
  return [
    sql`(${value} IS NULL OR EXISTS (SELECT 1 FROM ${identifier(parent.name)} AS ${identifier(alias)} WHERE ${identifier(alias)}.${identifier(column)} = ${value}${rest}))`,
  ];
}
