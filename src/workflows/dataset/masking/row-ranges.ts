import type { TablePlan } from "../../../anonymize/plan.ts";
import { identifier, sql, text } from "../../../kernel/sql.ts";
import type { PrivateConnection } from "../../../providers/dataset/private-server.ts";
import { RAW } from "./private-breeder.ts";
import { rawTable, type RowRange } from "./rebuild-table.ts";

/** A table is divided when so many rows are in it that one worker would still be busy with it when the other has done all the rest. */
const LARGE_ROWS = 400_000;
const INTEGER = /^(tinyint|smallint|mediumint|int|bigint)$/;

/** Which parts of a table are filled beside one another: one of them for all, or as many as there are workers. */
export async function rowRanges(
  plan: TablePlan,
  options: { readonly rows: number; readonly workers: number },
  connection: PrivateConnection,
): Promise<readonly (RowRange | null)[]> {
  if (options.rows < LARGE_ROWS || options.workers < 2 || plan.limit !== undefined) return [null];
  const [key] = await connection.query(
    sql`SELECT c.COLUMN_NAME AS name, c.DATA_TYPE AS type FROM information_schema.STATISTICS AS s
      JOIN information_schema.COLUMNS AS c ON c.TABLE_SCHEMA = s.TABLE_SCHEMA AND c.TABLE_NAME = s.TABLE_NAME AND c.COLUMN_NAME = s.COLUMN_NAME
      WHERE s.TABLE_SCHEMA = ${text(RAW)} AND s.TABLE_NAME = ${text(plan.name)} AND s.INDEX_NAME = 'PRIMARY' AND s.SEQ_IN_INDEX = 1`,
  );
  if (key === undefined || !INTEGER.test(String(key["type"]))) return [null];
  const column = String(key["name"]);
  const at = identifier(column);
  const [ends] = await connection.query(
    sql`SELECT CAST(MIN(${at}) AS CHAR) AS least, CAST(MAX(${at}) AS CHAR) AS most FROM ${rawTable(plan.name)}`,
  );
  if (ends?.["least"] === null || ends?.["least"] === undefined) return [null];
  return divide(column, { least: BigInt(ends["least"]), most: BigInt(ends["most"] ?? ends["least"]) }, options.workers);
}

/** Ranges of equal width that leave nothing out. */
export function divide(
  column: string,
  { least, most }: { readonly least: bigint; readonly most: bigint },
  parts: number,
): readonly RowRange[] {
  const width = (most - least) / BigInt(parts) + 1n;
  return Array.from({ length: parts }, (_, index) => ({
    column,
    from: least + width * BigInt(index),
    to: index === parts - 1 ? null : least + width * BigInt(index + 1),
  }));
}
