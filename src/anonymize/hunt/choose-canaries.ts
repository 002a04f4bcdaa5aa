import { identifier, number, type Sql, sql } from "../../kernel/sql.ts";
import { raw, rawText } from "../compile/place.ts";
import { findPersonalText } from "../personal/find-personal-text.ts";
import { madeByChance } from "./made-by-chance.ts";
import type { ColumnPlan, MaskPlan, TablePlan } from "../plan.ts";

/** A question to the raw database, before masking: real values of one column. */
export interface CanarySample {
  readonly table: string;
  readonly column: string;
  readonly strategy: string;
  /** Answers rows of one cell, from the raw table as the session's database has it. */
  readonly query: Sql;
}

/** Strategies whose values are somebody's own, and not the word of many. */
const TELLING = /^(email|phone|iban|full-name|user-name|street|ip|hash|mask|text|json|serialized)\b/;
const LEAST_OF_COLUMN = 20;

/** What to ask the raw database for, so that about `count` values come from all masked columns. */
export function canarySamples(plan: MaskPlan, rows: ReadonlyMap<string, number>, count: number): readonly CanarySample[] {
  const columns = plan.tables.flatMap((table) =>
    table.columns.filter((column) => TELLING.test(column.strategy)).map((column) => ({ table, column })),
  );
  const each = Math.max(LEAST_OF_COLUMN, Math.ceil((2 * count) / Math.max(1, columns.length)));
  return columns.map(({ table, column }) => ({
    table: table.name,
    column: column.name,
    strategy: column.strategy,
    query: sampleOf(table, column, { each, rows: rows.get(table.name) ?? 0 }),
  }));
}

/** Here and there in the table; from large ones only rows that a coin chose are read at all. */
function sampleOf(table: TablePlan, column: ColumnPlan, { each, rows }: { readonly each: number; readonly rows: number }): Sql {
  const odds = Math.max(1, Math.floor(rows / (each * 4)));
  const coin = odds === 1 ? sql`TRUE` : sql`RAND() < 1 / ${number(odds)}`;
  return sql`SELECT ${rawText(column.name)} AS value FROM ${identifier(table.name)} AS r WHERE ${coin} AND CHAR_LENGTH(${raw(column.name)}) > 5 LIMIT ${number(each)}`;
}

/** What was answered to a sample. */
export interface SampledValues {
  readonly strategy: string;
  readonly values: readonly string[];
}

/**
 * Chooses canaries from sampled values: what nobody else has and no mask could make by chance. Words of one part are left out: `admin` is everywhere.
 * Of texts and structures what looks personal in them is taken. The real values stay with who asked: in the quarantine, in memory.
 */
export function chooseCanaries(sampled: readonly SampledValues[], count: number): readonly string[] {
  const queues = sampled.map(({ strategy, values }) => values.flatMap((value) => tellingParts(strategy, value.trim())));
  const chosen = new Set<string>();
  for (let turn = 0; chosen.size < count && queues.some((queue) => turn < queue.length); turn += 1) {
    for (const queue of queues) {
      const value = queue[turn];
      if (value !== undefined && chosen.size < count && !madeByChance(value)) chosen.add(value);
    }
  }
  return [...chosen];
}

const LONGEST = 200;

function tellingParts(strategy: string, value: string): readonly string[] {
  if (/^(?:text|json|serialized)\b/.test(strategy)) return findPersonalText(value).map(({ start, end }) => value.slice(start, end));
  if (strategy.startsWith("email") && !value.includes("@")) return [];
  return isTelling(value) && value.length <= LONGEST ? [value] : [];
}

/** An address, a long number, or words and digits together. */
function isTelling(value: string): boolean {
  if (value.length < 6) return false;
  if (/@/.test(value)) return findPersonalText(value).length > 0;
  const digits = value.replaceAll(/[^0-9]/g, "").length;
  const words = value.split(/[\s,._-]+/).filter((word) => word.length > 1);
  return digits >= 8 || (words.length >= 2 && value.length >= 9) || (digits >= 2 && /\p{L}{3}/u.test(value) && value.length >= 8);
}
