import type { TablePlan } from "../../../anonymize/plan.ts";
import { type Cell, type RowTransformer, rowTransformer } from "../../../anonymize/stream/transform-row.ts";
import { identifier, list, type Sql, sql } from "../../../kernel/sql.ts";
import type { PrivateConnection } from "../../../providers/dataset/private-server.ts";
import type { Masking } from "./mask-tables.ts";
import { maskSession } from "./mask-session.ts";
import { publishedTable, rawRows, requireWhole } from "./rebuild-table.ts";

/** Rows of one INSERT, and the most values that a statement has places for. */
const BATCH_ROWS = 200;
const MOST_PLACES = 60_000;
const MOST_BYTES = 16 * 1024 * 1024;

/** Fills a table whose values have an inside that SQL does not see: rows are read, masked here, and written many at a time. Answers how many. */
export async function fillByStream(plan: TablePlan, masking: Masking, connection: PrivateConnection): Promise<number> {
  const transformer = rowTransformer(plan, masking.key, masking.people);
  const reader = await maskSession(masking.breeder, masking.key);
  const most = Math.max(1, Math.min(BATCH_ROWS, Math.floor(MOST_PLACES / transformer.columns.length)));
  let rows = 0;
  let batch: Cell[][] = [];
  let bytes = 0;
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    await connection.prepared(insertOf(plan, transformer, batch.length), batch.flat());
    await requireWhole(plan.name, connection);
    rows += batch.length;
    batch = [];
    bytes = 0;
  };
  try {
    for await (const row of reader.rows(sql`SELECT ${list(selected(plan, transformer, masking))} ${rawRows(plan, null)}`)) {
      const masked = transformer.transform(row);
      batch.push([...masked]);
      bytes += masked.reduce((sum, cell) => sum + (cell?.length ?? 0), 0);
      if (batch.length >= most || bytes > MOST_BYTES) await flush();
    }
    await flush();
    return rows;
  } finally {
    await reader.close();
  }
}

/** The server prints a FLOAT with six digits, which is not all that it holds. */
function selected(plan: TablePlan, { select }: RowTransformer, { floats }: Masking): readonly Sql[] {
  return select.map((expression, index) => {
    const column = plan.columns[index]?.name;
    return column !== undefined && floats.has(`${plan.name}.${column}`) ? sql`CAST(${expression} AS DOUBLE)` : expression;
  });
}

function insertOf(plan: TablePlan, { columns, places }: RowTransformer, rows: number): Sql {
  const row = sql`(${list(places)})`;
  const values = list(Array.from({ length: rows }, () => row));
  return sql`INSERT INTO ${publishedTable(plan.name)} (${list(columns.map((name) => identifier(name)))}) VALUES ${values}`;
}
