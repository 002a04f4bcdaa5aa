import type { ColumnPlan, TablePlan } from "../../../anonymize/plan.ts";
import { identifier, number, sql } from "../../../kernel/sql.ts";
import type { PrivateConnection } from "../../../providers/dataset/private-server.ts";
import type { Site } from "../../../site/site.ts";
import type { EngineContext } from "../../ports.ts";
import type { DatasetCheck } from "../dataset-report.ts";
import type { OpenTables } from "../masking/open-tables.ts";
import { rawTable } from "../masking/rebuild-table.ts";
import { searchFiles } from "../search-files.ts";
import { byteSearch, SHORTEST } from "./byte-search.ts";

/** What is looked for in what would be published. */
export interface BreedHunt {
  readonly values: number;
  /** Every file below a directory, and their names. */
  inFiles(name: string, directory: string, context: EngineContext): Promise<DatasetCheck>;
  /** Every row, in a clone. */
  inRows(connection: PrivateConnection, context: EngineContext): Promise<readonly DatasetCheck[]>;
}

const TOLD = 20;

/** Remembers real values of columns that are masked, in this process alone, while the raw tables are there. */
export async function huntIn({ plan, schema }: OpenTables, site: Site, connection: PrivateConnection): Promise<BreedHunt> {
  const most = site.dataset?.canaries ?? 0;
  const masked = plan.tables.flatMap((table) => maskedTexts(table, schema).map((column) => ({ table, column })));
  const each = Math.max(1, Math.ceil(most / Math.max(1, masked.length)));
  const values: Buffer[] = [];
  for (const { table, column } of masked) {
    if (values.length >= most) break;
    const at = identifier(column.name);
    const rows = connection.rows(
      sql`SELECT CAST(${at} AS BINARY) FROM ${rawTable(table.name)} WHERE CHAR_LENGTH(${at}) BETWEEN ${number(SHORTEST)} AND 200 LIMIT ${number(each * 4)}`,
    );
    let taken = 0;
    for await (const [value] of rows) {
      if (value === null || value === undefined || taken >= each || !isTelling(value.toString("utf8"))) continue;
      values.push(value);
      taken += 1;
    }
  }
  const search = byteSearch(values);
  return {
    values: values.length,
    inFiles: async (name, directory, context) => {
      const found = await searchFiles(directory, { search, signal: context.signal, read: () => undefined });
      const places = found.map(({ path, where }) => (where === "name" ? `the name of ${path}` : path));
      const words = `${String(values.length)} values of production were looked for in every file`;
      const detail = found.length === 0 ? words : `values of production are in ${String(found.length)} files`;
      return { name: `files of ${name}`, passed: found.length === 0, detail, places: places.slice(0, TOLD) };
    },
    inRows: () => Promise.resolve([]),
  };
}

function maskedTexts({ name, action, columns }: TablePlan, schema: OpenTables["schema"]): readonly ColumnPlan[] {
  if (action !== "rebuild") return [];
  const types = new Map(schema.tables.find((one) => one.name === name)?.columns.map((column) => [column.name, column.type]));
  return columns.filter((column) => column.strategy !== "keep" && /char|text|blob/.test(types.get(column.name) ?? ""));
}

/** What a fake could be by chance is no proof of anything: a name. An address, a number or a longer text is. */
function isTelling(value: string): boolean {
  return /@|\d[\d\s./-]{5,}\d/.test(value) || value.length >= 24;
}
