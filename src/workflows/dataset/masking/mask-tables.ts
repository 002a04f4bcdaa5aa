import type { MaskKey } from "../../../anonymize/masks/mask-key.ts";
import type { MaskPlan, TablePlan } from "../../../anonymize/plan.ts";
import { hasStreams } from "../../../anonymize/stream/transform-row.ts";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { sql } from "../../../kernel/sql.ts";
import type { PrivateConnection, PrivateServer } from "../../../providers/dataset/private-server.ts";
import type { EngineContext } from "../../ports.ts";
import { maskSession } from "./mask-session.ts";
import type { PeopleBook } from "../../../anonymize/stream/people-book.ts";
import { readPeople } from "./read-people.ts";
import { addKeys, fillBySql, makeBare, publishedTable, type RowRange } from "./rebuild-table.ts";
import { rowRanges } from "./row-ranges.ts";
import { fillByStream } from "./stream-table.ts";
import { tableDefinition } from "./table-definition.ts";

/** What became of one table. */
export interface MaskedTable {
  readonly name: string;
  readonly action: TablePlan["action"];
  /** Rows that were written; null for a table that was kept as it is. */
  readonly rows: number | null;
  readonly milliseconds: number;
  readonly how: "sql" | "stream" | "attached" | "empty" | "left out";
}

/** What masking needs. */
export interface Masking {
  readonly plan: MaskPlan;
  /** SHOW CREATE TABLE by name. */
  readonly created: ReadonlyMap<string, string>;
  /** Estimated rows by name. */
  readonly rows: ReadonlyMap<string, number>;
  /** `TABLE.COLUMN` of the type FLOAT. */
  readonly floats: ReadonlySet<string>;
  readonly breeder: PrivateServer;
  /** Of the site's masks. */
  readonly key: MaskKey;
  /** How many tables, or parts of a large one, at one time. */
  readonly workers: number;
  /** Who is named in the tables; read when masking begins. */
  readonly people?: PeopleBook | undefined;
}

export const MASKING = "dataset/mask";

/**
 * Fills every table of the dataset from the raw ones, the largest first and several at a time: `INSERT … SELECT` into a new table is three times as fast as
 * changing rows where they are, and leaves nothing of them in undo, redo and free pages (clones.md 4.7).
 */
export async function maskTables(masking: Masking, context: EngineContext): Promise<readonly MaskedTable[]> {
  const progress = progressOf(masking, context);
  const jobs = masking.plan.tables.filter(({ action }) => action === "rebuild" || action === "drop-rows");
  const done: MaskedTable[] = masking.plan.tables.filter((one) => !jobs.includes(one)).map(unmasked);
  const connections = await Promise.all(Array.from({ length: masking.workers }, () => maskSession(masking.breeder, masking.key)));
  try {
    const pending = await partsOf(jobs, masking, connections[0]);
    const people = await readPeople(masking, connections[0]);
    const next = (): Part | undefined => pending.shift();
    const work = async (connection: PrivateConnection): Promise<void> => {
      for (let part = next(); part !== undefined; part = next()) {
        if (context.signal.aborted) throw context.signal.reason;
        const masked = await fillPart(part, { ...masking, people }, connection);
        if (masked === undefined) continue;
        done.push(masked);
        progress(masked);
      }
    };
    await allOrFirstFailure(connections.map(work));
  } finally {
    await Promise.all(connections.map((one) => one.close()));
  }
  return done.toSorted((a, b) => a.name.localeCompare(b.name));
}

/** Waits for all workers also when one fails: their statements would go on in a server that is taken away. */
async function allOrFirstFailure(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((one) => one.status === "rejected");
  if (failed !== undefined) throw failed.reason;
}

/** A table that is filled, or a part of one; what the parts of a table share is in `table`. */
interface Part {
  readonly table: PlannedTable;
  readonly range: RowRange | null;
}

interface PlannedTable {
  readonly plan: TablePlan;
  begun: Promise<number> | undefined;
  left: number;
  rows: number;
}

async function partsOf(jobs: readonly TablePlan[], masking: Masking, connection: PrivateConnection | undefined): Promise<Part[]> {
  if (connection === undefined) throw new TypeError("masking needs a worker");
  const parts: Part[] = [];
  for (const plan of jobs) {
    const streamed = hasStreams(plan);
    const rows = plan.action === "rebuild" ? (masking.rows.get(plan.name) ?? 0) : 0;
    const ranges = await rowRanges(plan, { rows, workers: streamed ? 1 : masking.workers }, connection);
    const table: PlannedTable = { plan, begun: undefined, left: ranges.length, rows: 0 };
    parts.push(...ranges.map((range) => ({ table, range })));
  }
  return parts;
}

/** Answers when the last part of a table is done. */
async function fillPart({ table, range }: Part, masking: Masking, connection: PrivateConnection): Promise<MaskedTable | undefined> {
  const { plan } = table;
  const definition = tableDefinition(createdOf(plan.name, masking));
  const begin = async (): Promise<number> => {
    const at = performance.now();
    if (plan.action === "drop-rows") await connection.query(definition.whole(publishedTable(plan.name)));
    else await makeBare(plan, definition, connection);
    return at;
  };
  const began = await (table.begun ??= begin());
  const streamed = hasStreams(plan);
  if (plan.action === "rebuild") {
    // An empty table is filled in bulk, under a lock of the whole table: two parts of one would wait for one another.
    await connection.query(range === null ? sql`SET SESSION unique_checks = 0` : sql`SET SESSION unique_checks = 1`);
    table.rows += streamed ? await fillByStream(plan, masking, connection) : await fillBySql(plan, range, connection);
  }
  table.left -= 1;
  if (table.left > 0) return undefined;
  if (plan.action === "rebuild") await addKeys(plan, definition, connection);
  const how = plan.action === "drop-rows" ? "empty" : streamed ? "stream" : "sql";
  return { name: plan.name, action: plan.action, rows: table.rows, milliseconds: Math.round(performance.now() - began), how };
}

function createdOf(name: string, { created }: Masking): string {
  const found = created.get(name);
  if (found === undefined) throw new HowdahError("dataset/failed", `The table ${name} is in the rules, and not in what was captured`);
  return found;
}

function unmasked({ name, action }: TablePlan): MaskedTable {
  return { name, action, rows: null, milliseconds: 0, how: action === "keep" ? "attached" : "left out" };
}

/** Says after each table how far the whole is, and how fast. */
function progressOf({ plan }: Masking, { emit }: EngineContext): (done: MaskedTable) => void {
  const began = performance.now();
  const all = plan.tables.filter(({ action }) => action === "rebuild" || action === "drop-rows").length;
  let [tables, rows] = [0, 0];
  return (done) => {
    tables += 1;
    rows += done.rows ?? 0;
    const rate = Math.round(rows / Math.max(0.001, (performance.now() - began) / 1000));
    const detail = `${String(tables)} of ${String(all)} tables, ${rows.toLocaleString("en")} rows, ${rate.toLocaleString("en")} rows/s`;
    emit({ type: "task-progress", id: MASKING, detail });
  };
}
