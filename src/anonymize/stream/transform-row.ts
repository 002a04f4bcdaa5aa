import { type Sql, sql } from "../../kernel/sql.ts";
import type { MaskKey } from "../masks/mask-key.ts";
import type { ColumnPlan, StreamMask, TablePlan, TextLimit } from "../plan.ts";
import { maskValue } from "./mask-value.ts";
import type { PeopleBook } from "./people-book.ts";
import { type NamePairs, nameReplacer } from "./replace-names.ts";

/** A value as the server sends it, when asked not to read it: bytes, text in utf8mb4. */
export type Cell = Buffer | null;

/** How a table with streamed columns is filled. */
export interface RowTransformer {
  /** What is selected `FROM raw.T AS r`, in this order. */
  readonly select: readonly Sql[];
  /** Columns that are inserted, in the order of what `transform` answers. */
  readonly columns: readonly string[];
  /** A place for each of them in a prepared statement: `?`, or for text `CONVERT(? USING utf8mb4)`, since cells are bytes and columns have other character sets. */
  readonly places: readonly Sql[];
  /** One row as it was read to one as it is inserted. Throws nothing: what can't be read is masked as text, or cleared (`unreadable.ts`). */
  readonly transform: (row: readonly Cell[]) => readonly Cell[];
}

/** Whether a table needs rows to pass through TypeScript. */
export function hasStreams(table: TablePlan): boolean {
  return table.columns.some(({ stream }) => stream !== undefined);
}

/** Makes the transformer of a table. Pure and quick to make; used for as many rows as there are. `people`: who is named in other tables (`people-book.ts`). */
export function rowTransformer(table: TablePlan, key: MaskKey, people: PeopleBook = (text) => text): RowTransformer {
  const extras: Sql[] = [];
  const add = (expression: Sql): number => table.columns.length + extras.push(expression) - 1;
  const jobs = table.columns.map((column) => jobOf(column, add));
  return {
    select: [...table.columns.map(({ expression }) => expression), ...extras],
    columns: table.columns.map(({ name }) => name),
    places: table.columns.map(({ text }) => (text ? sql`CONVERT(? USING utf8mb4)` : sql`?`)),
    transform: (row) =>
      jobs.map((job, index) => {
        const value = row[index] ?? null;
        if (job === undefined || value === null || value.length === 0) return value;
        const mask = job.masks[Number(row[job.arm]?.toString("latin1") ?? 0) - 1];
        if (mask === undefined) return value;
        const own = nameReplacer(pairsOf(job, row));
        const names = (text: string): string => people(own(text));
        return within(maskValue(value, mask, { key, language: mask.language, names }), mask.limit);
      }),
  };
}

interface Job {
  readonly arm: number;
  readonly masks: readonly StreamMask[];
  readonly contexts: readonly { readonly raw: number; readonly masked: number }[];
}

function jobOf({ stream }: ColumnPlan, add: (expression: Sql) => number): Job | undefined {
  if (stream === undefined) return undefined;
  const contexts = stream.context.map(({ raw, masked }) => ({ raw: add(raw), masked: add(sql`CONVERT(${masked} USING utf8mb4)`) }));
  return { arm: add(stream.arm), masks: stream.masks, contexts };
}

function pairsOf({ contexts }: Job, row: readonly Cell[]): NamePairs {
  return contexts.flatMap(({ raw, masked }) => {
    const [old, fresh] = [row[raw], row[masked]];
    return old === null || old === undefined || old.length === 0 ? [] : [{ raw: old.toString(), masked: fresh?.toString() ?? "" }];
  });
}

/** What became longer than its column is cut where it is text; of a structure nothing would be left that could be read, so it becomes empty. */
function within(value: Buffer, { length, unit }: TextLimit): Buffer {
  if (length === null || value.length <= length) return value;
  if (unit === "characters" && Array.from(value.toString()).length <= length) return value;
  const text = value.toString();
  if (/^(?:[aO]:[0-9]+:|\s*[[{])/.test(text)) return Buffer.from("");
  if (unit === "characters") return Buffer.from(Array.from(text).slice(0, length).join(""));
  return value.subarray(0, wholeCharacters(value, length));
}

/** So many bytes at most, without half a character at the end. */
function wholeCharacters(value: Buffer, length: number): number {
  let end = length;
  while (end > 0 && ((value[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return end;
}
