import type { DatabaseSchema, ForeignKey } from "../../../anonymize/database-schema.ts";
import type { MaskPlan } from "../../../anonymize/plan.ts";
import { identifier, type Sql, sql } from "../../../kernel/sql.ts";
import type { PrivateConnection } from "../../../providers/dataset/private-server.ts";
import { publishedTable, rawTable } from "./rebuild-table.ts";
import { tableDefinition } from "./table-definition.ts";

/** A foreign key whose rows point to nothing. */
export interface Orphans {
  readonly table: string;
  readonly key: string;
  readonly rows: number;
  /** The same in the source: applications that switch the checks off leave some. Null: they were not counted. */
  readonly before: number | null;
}

/** Makes the foreign keys again, once all tables have their rows: those that lead to a table which the rules drop are left out. Answers these. */
export async function addForeignKeys(
  plan: MaskPlan,
  created: ReadonlyMap<string, string>,
  connection: PrivateConnection,
): Promise<readonly string[]> {
  await connection.query(sql`SET SESSION foreign_key_checks = 0`);
  const there = new Set(plan.tables.flatMap(({ name, action }) => (action === "drop-table" ? [] : [name])));
  const leftOut: string[] = [];
  for (const name of there) {
    for (const key of tableDefinition(created.get(name) ?? "").foreignKeys) {
      if (there.has(key.to)) await connection.query(key.addTo(publishedTable(name)));
      else leftOut.push(`${name}.${key.name}`);
    }
  }
  return leftOut;
}

/** Looks whether every row's foreign keys lead to a row; where they don't, whether the source was the same. */
export async function findOrphans(plan: MaskPlan, schema: DatabaseSchema, connection: PrivateConnection): Promise<readonly Orphans[]> {
  const actions = new Map(plan.tables.map(({ name, action }) => [name, action]));
  const found: Orphans[] = [];
  for (const table of schema.tables) {
    if (actions.get(table.name) === "drop-table") continue;
    for (const key of table.foreignKeys) {
      if ((actions.get(key.table) ?? "drop-table") === "drop-table") continue;
      const rows = await orphansOf(key, publishedTable(table.name), publishedTable(key.table), connection);
      if (rows === 0) continue;
      // Only what was masked is still there as it was; a table that was attached is its own source.
      const place = (name: string): Sql => (actions.get(name) === "rebuild" ? rawTable(name) : publishedTable(name));
      const comparable = actions.get(table.name) !== "drop-rows" && actions.get(key.table) !== "drop-rows";
      const before = comparable ? await orphansOf(key, place(table.name), place(key.table), connection) : null;
      found.push({ table: table.name, key: key.name, rows, before });
    }
  }
  return found;
}

async function orphansOf(key: ForeignKey, from: Sql, to: Sql, connection: PrivateConnection): Promise<number> {
  const pairs = key.columns.map((column, index) => ({
    child: sql`c.${identifier(column)}`,
    parent: sql`p.${identifier(key.references[index] ?? column)}`,
  }));
  const same = joinedBy(pairs.map(({ child, parent }) => sql`${child} = ${parent}`));
  const set = joinedBy(pairs.map(({ child }) => sql`${child} IS NOT NULL`));
  const [first] = pairs;
  if (first === undefined) return 0;
  const [row] = await connection.query(
    sql`SELECT COUNT(*) AS n FROM ${from} AS c LEFT JOIN ${to} AS p ON ${same} WHERE ${set} AND ${first.parent} IS NULL`,
  );
  return Number(row?.["n"] ?? 0);
}

function joinedBy(conditions: readonly Sql[]): Sql {
  const [first, ...rest] = conditions;
  return rest.reduce((all, one) => sql`${all} AND ${one}`, first ?? sql`TRUE`);
}
