import type { CanarySet } from "../../../anonymize/hunt/canary-set.ts";
import { type FoundPersonal, type PersonalHunt, personalHunt } from "../../../anonymize/hunt/find-personal.ts";
import { identifier, sql, text } from "../../../kernel/sql.ts";
import type { PrivateConnection } from "../../../providers/dataset/private-server.ts";
import type { EngineContext } from "../../ports.ts";
import type { DatasetCheck } from "../dataset-report.ts";
import { DATASET_DATABASE } from "../generation.ts";
import type { OpenTables } from "../masking/open-tables.ts";
import { publishedTable } from "../masking/rebuild-table.ts";

/** Forms that programs have too: they are told, and stop nothing. A version has the form of an address. */
const TOLD_ONLY: readonly FoundPersonal["kind"][] = ["ip"];
const TOLD = 20;
export const VERIFYING = "dataset/verify";

/**
 * Looks through every text of every table for what looks personal and for remembered values, but for columns that a rule keeps and says why. Most texts have
 * neither an `@` nor three digits: the server leaves them out.
 */
export async function huntRows(
  { plan }: Pick<OpenTables, "plan">,
  canaries: CanarySet,
  connection: PrivateConnection,
  { emit, signal }: EngineContext,
): Promise<DatasetCheck> {
  const allowed = new Set(plan.kept.map(({ table, column }) => `${table}.${column}`));
  const made = madeUp(plan);
  const columns = await textColumns(connection);
  const places: string[] = [];
  let rows = 0;
  for (const { table, column } of columns.filter((one) => !allowed.has(`${one.table}.${one.column}`))) {
    signal.throwIfAborted();
    emit({ type: "task-progress", id: VERIFYING, detail: `${table}.${column}` });
    const hunt = made.has(`${table}.${column}`) ? canaryHunt(canaries) : personalHunt(canaries);
    const at = identifier(column);
    const telling = sql`${at} LIKE '%@%' OR ${at} REGEXP '[0-9].{0,3}[0-9].{0,3}[0-9]|-----BEGIN|[$]|eyJ|[A-Za-z0-9+/]{24}'`;
    for await (const [value] of connection.rows(sql`SELECT ${at} FROM ${publishedTable(table)} WHERE ${telling}`)) {
      hunt.look(value ?? null);
      rows += 1;
    }
    places.push(...hunt.found().map((one) => `${table}.${column}: ${words(one)}`));
  }
  return judged("texts", places, `${String(columns.length)} text columns, ${rows.toLocaleString("en")} values were looked at closely`);
}

/** Strategies that leave nothing of a value. What they make may look like anything: 32 hexadecimal digits are an IBAN now and then. */
const MAKES =
  /^(clear|constant|hash|email|password|first-name|last-name|full-name|user-name|company|street|city|postcode|phone|ip|iban|sentence)$/;

function madeUp({ tables }: OpenTables["plan"]): ReadonlySet<string> {
  return new Set(
    tables.flatMap(({ name, columns }) => columns.flatMap((one) => (MAKES.test(one.strategy) ? [`${name}.${one.name}`] : []))),
  );
}

/** Looks for values of production alone. */
export function canaryHunt(canaries: CanarySet): PersonalHunt {
  let count = 0;
  return {
    look: (value) => {
      if (value !== null && canaries.hits(typeof value === "string" ? Buffer.from(value) : value)) count += 1;
    },
    found: () => (count === 0 ? [] : [{ kind: "canary", count, example: "" }]),
  };
}

/** Looks at what is no row: definitions of tables, views, triggers and routines hold defaults, comments and literals. */
export function huntDefinitions({ plan, definitions }: Pick<OpenTables, "plan" | "definitions">, canaries: CanarySet): DatasetCheck {
  const dropped = new Set(plan.tables.filter(({ action }) => action === "drop-table").map(({ name }) => name));
  const all = [...definitions.tables.filter(({ name }) => !dropped.has(name)), ...definitions.programs];
  const places = all.flatMap(({ name, created }) => {
    const hunt = personalHunt(canaries);
    hunt.look(created);
    return hunt.found().map((one) => `${name}: ${words(one)}`);
  });
  return judged("definitions", places, `${String(all.length)} tables, views and routines were looked at`);
}

/** One place, for a report. */
export function words({ kind, count, example }: FoundPersonal): string {
  return `${String(count)} × ${kind === "canary" ? "a value of production" : kind}${kind === "canary" ? "" : ` such as ${example}`}`;
}

/** A check that fails when something was found that only people have. */
export function judged(name: string, places: readonly string[], looked: string): DatasetCheck {
  const only = (place: string): boolean => TOLD_ONLY.some((kind) => place.includes(` × ${kind} `));
  const failing = places.filter((place) => !only(place));
  const detail =
    failing.length === 0
      ? `${looked}${places.length === 0 ? "" : ", what might be addresses of machines is told"}`
      : "something personal is left";
  return { name, passed: failing.length === 0, detail, places: (failing.length === 0 ? places : failing).slice(0, TOLD) };
}

async function textColumns(connection: PrivateConnection): Promise<readonly { readonly table: string; readonly column: string }[]> {
  const rows = await connection.query(
    sql`SELECT c.TABLE_NAME AS t, c.COLUMN_NAME AS c FROM information_schema.COLUMNS AS c
      JOIN information_schema.TABLES AS t ON t.TABLE_SCHEMA = c.TABLE_SCHEMA AND t.TABLE_NAME = c.TABLE_NAME
      WHERE c.TABLE_SCHEMA = ${text(DATASET_DATABASE)} AND t.TABLE_TYPE IN ('BASE TABLE', 'SYSTEM VERSIONED')
      AND c.DATA_TYPE IN ('char', 'varchar', 'tinytext', 'text', 'mediumtext', 'longtext', 'tinyblob', 'blob', 'mediumblob', 'longblob', 'binary', 'varbinary')
      ORDER BY c.TABLE_NAME, c.ORDINAL_POSITION`,
  );
  return rows.map(({ t, c }) => ({ table: String(t), column: String(c) }));
}
