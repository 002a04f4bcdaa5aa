import { sql } from "../../kernel/sql.ts";
import type { PrivateConnection } from "../../providers/dataset/private-server.ts";
import type { DatasetCheck } from "./dataset-report.ts";
import { findOrphans } from "./masking/foreign-keys.ts";
import type { MaskedTable } from "./masking/mask-tables.ts";
import type { OpenTables } from "./masking/open-tables.ts";
import { publishedTable, rawTable } from "./masking/rebuild-table.ts";

const TOLD = 20;

/** Whether every masked table has as many rows as the raw one, where the rules take none away. While the raw ones are there. */
export async function checkCounts({ plan, connection }: OpenTables, masked: readonly MaskedTable[]): Promise<DatasetCheck> {
  const whole = plan.tables.filter(({ action, where, limit }) => action === "rebuild" && where === undefined && limit === undefined);
  const written = new Map(masked.map(({ name, rows }) => [name, rows]));
  const different: string[] = [];
  let rows = 0;
  for (const { name } of whole) {
    const [row] = await connection.query(sql`SELECT COUNT(*) AS n FROM ${rawTable(name)}`);
    const [raw, made] = [Number(row?.["n"] ?? 0), written.get(name) ?? 0];
    rows += made;
    if (raw !== made) different.push(`${name}: ${String(made)} of ${String(raw)}`);
  }
  const detail =
    different.length === 0 ? `${rows.toLocaleString("en")} rows of ${String(whole.length)} masked tables are there` : "rows are missing";
  return { name: "rows", passed: different.length === 0, detail, places: different.slice(0, TOLD) };
}

/** Whether foreign keys lead where they led before. What led nowhere in production may lead nowhere here. */
export async function checkJoins({ plan, schema, connection }: OpenTables): Promise<DatasetCheck> {
  const keys = schema.tables.reduce((sum, { foreignKeys }) => sum + foreignKeys.length, 0);
  const orphans = await findOrphans(plan, schema, connection);
  const broken = orphans.filter(({ rows, before }) => before === null || rows > before);
  const detail = broken.length === 0 ? `${String(keys)} foreign keys lead to rows as they did` : "rows lead to rows that are not there";
  const places = broken.map(({ table, key, rows, before }) => `${table}.${key}: ${String(rows)} (${String(before ?? 0)} in the source)`);
  return { name: "foreign keys", passed: broken.length === 0, detail, places: places.slice(0, TOLD) };
}

/** Whether a server that starts on a clone, as environments start it, has every table with its rows. */
export async function checkClone(
  { plan }: Pick<OpenTables, "plan">,
  masked: readonly MaskedTable[],
  connection: PrivateConnection,
): Promise<DatasetCheck> {
  const written = new Map(masked.map(({ name, rows }) => [name, rows]));
  const wrong: string[] = [];
  let tables = 0;
  for (const { name, action } of plan.tables) {
    if (action === "drop-table") continue;
    tables += 1;
    const [row] = await connection.query(sql`SELECT COUNT(*) AS n FROM ${publishedTable(name)}`).catch(() => []);
    const [expected, found] = [written.get(name) ?? null, Number(row?.["n"] ?? Number.NaN)];
    if (Number.isNaN(found) || (expected !== null && expected !== found)) wrong.push(name);
  }
  const detail =
    wrong.length === 0 ? `a clone starts as an environment's server does, with ${String(tables)} tables` : "a clone lacks rows";
  return { name: "a clone of it", passed: wrong.length === 0, detail, places: wrong.slice(0, TOLD) };
}
