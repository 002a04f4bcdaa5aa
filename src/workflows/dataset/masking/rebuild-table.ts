import type { TablePlan } from "../../../anonymize/plan.ts";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { identifier, list, number, type Sql, sql } from "../../../kernel/sql.ts";
import type { PrivateConnection } from "../../../providers/dataset/private-server.ts";
import { DATASET_DATABASE } from "../generation.ts";
import { RAW } from "./private-breeder.ts";
import type { TableDefinition } from "./table-definition.ts";

/** A part of a table's rows, by its first key column; null: all of them. */
export interface RowRange {
  readonly column: string;
  readonly from: bigint;
  /** Not in it. */
  readonly to: bigint | null;
}

/** `dataset`.`T`. */
export function publishedTable(name: string): Sql {
  return sql`${identifier(DATASET_DATABASE)}.${identifier(name)}`;
}

/** `raw`.`T`. */
export function rawTable(name: string): Sql {
  return sql`${identifier(RAW)}.${identifier(name)}`;
}

/** Makes the table that rows come into: without the keys that would cost with each of them. */
export async function makeBare(plan: TablePlan, definition: TableDefinition, connection: PrivateConnection): Promise<void> {
  await connection.query(definition.bare(publishedTable(plan.name)));
}

/** FROM and what follows: which raw rows are read. */
export function rawRows(plan: TablePlan, range: RowRange | null): Sql {
  const conditions = [plan.where === undefined ? null : sql`(${plan.where})`, range === null ? null : inRange(range)];
  const given = conditions.filter((one) => one !== null);
  const [first, second] = given;
  const where = first === undefined ? sql`` : second === undefined ? sql`WHERE ${first}` : sql`WHERE ${first} AND ${second}`;
  return sql`FROM ${rawTable(plan.name)} AS r ${where} ${plan.limit ?? sql``}`;
}

function inRange({ column, from, to }: RowRange): Sql {
  const at = sql`r.${identifier(column)}`;
  const least = sql`${at} >= ${whole(from)}`;
  return to === null ? least : sql`${least} AND ${at} < ${whole(to)}`;
}

/** Also what JavaScript's own numbers can't hold: keys of 64 bits. */
function whole(value: bigint): Sql {
  const digits = Array.from(value.toString().replace("-", ""), (digit) => number(Number(digit)));
  const unsigned = digits.reduce((all, digit) => sql`${all}${digit}`, sql``);
  return value < 0n ? sql`-${unsigned}` : unsigned;
}

/** Fills it from the raw table in one statement; answers how many rows came. */
export async function fillBySql(plan: TablePlan, range: RowRange | null, connection: PrivateConnection): Promise<number> {
  const columns = list(plan.columns.map(({ name }) => identifier(name)));
  const values = list(plan.columns.map(({ expression }) => expression));
  const rows = await connection.execute(
    sql`INSERT INTO ${publishedTable(plan.name)} (${columns}) SELECT ${values} ${rawRows(plan, range)}`,
  );
  await requireWhole(plan.name, connection);
  return rows;
}

/** Of values that were cut, or put into a range: out of range, truncated, too long. */
const CUT: ReadonlySet<number> = new Set([1264, 1265, 1406]);

/** A value that does not fit must not be cut silently: half a serialized array breaks a site. Error: `dataset/failed` with the column. */
export async function requireWhole(table: string, connection: PrivateConnection): Promise<void> {
  const warnings = await connection.query(sql`SHOW WARNINGS LIMIT 1024`);
  const cut = warnings.find(({ Code }) => CUT.has(Number(Code)));
  if (cut === undefined) return;
  const column = /column [`']([^`']+)[`']/.exec(String(cut["Message"]))?.[1] ?? "?";
  throw new HowdahError("dataset/failed", `A masked value does not fit ${table}.${column.split(".").at(-1) ?? column}`, {
    hint: "Give the column a rule whose values are shorter (`length`), or `clear`.",
  });
}

/** Adds what {@link makeBare} left out. A mask that makes two rows the same in a unique key is refused here. */
export async function addKeys(plan: TablePlan, definition: TableDefinition, connection: PrivateConnection): Promise<void> {
  const keys = definition.addKeys(publishedTable(plan.name));
  if (keys !== null) await connection.query(keys);
}
