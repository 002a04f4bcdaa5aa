import { identifier, type Sql, sql } from "../../kernel/sql.ts";
import { rawText } from "../compile/place.ts";
import type { ColumnPlan, MaskPlan } from "../plan.ts";
import { wordReplacer, type WordsEntry, wordsOf } from "./replace-words.ts";

/** Puts in a text the fakes in the place of everybody who is in a column somewhere: posts name customers, comments name authors. */
export type PeopleBook = (text: string) => string;

/** A real value with the fake that stands in its column. */
export interface PersonEntry {
  readonly raw: string;
  readonly masked: string;
}

/** Whose values stand in texts as they stand in columns, and are not found by their form. */
const NAMING = /^(full-name|user-name|template|street|hash|mask|phone)\b/;

/** Questions to the raw database: rows of `raw` and `masked`. To be asked in a session with the key, before texts are streamed. */
export function peopleQueries(plan: MaskPlan): readonly Sql[] {
  return plan.tables
    .filter(({ action }) => action === "rebuild")
    .flatMap(({ name, columns }) => {
      const single = columns.filter(({ strategy, stream }) => NAMING.test(strategy) && stream === undefined);
      const pairs: { readonly raw: Sql; readonly masked: Sql }[] = single.map((column) => ({
        raw: rawText(column.name),
        masked: masked(column),
      }));
      const [first, last] = ["first-name", "last-name"].map((strategy) =>
        columns.find((column) => column.strategy.startsWith(strategy) && column.stream === undefined),
      );
      if (first !== undefined && last !== undefined) {
        pairs.push({
          raw: sql`CONCAT_WS(' ', ${rawText(first.name)}, ${rawText(last.name)})`,
          masked: sql`CONCAT_WS(' ', ${masked(first)}, ${masked(last)})`,
        });
        pairs.push({
          raw: sql`CONCAT_WS(' ', ${rawText(last.name)}, ${rawText(first.name)})`,
          masked: sql`CONCAT_WS(' ', ${masked(last)}, ${masked(first)})`,
        });
      }
      return pairs.map(
        (pair) =>
          sql`SELECT DISTINCT ${pair.raw} AS raw, ${pair.masked} AS masked FROM ${identifier(name)} AS r WHERE CHAR_LENGTH(${pair.raw}) BETWEEN 5 AND 120 LIMIT 500000`,
      );
    });
}

function masked({ expression }: ColumnPlan): Sql {
  return sql`CONVERT(${expression} USING utf8mb4)`;
}

/** Makes the book. One word alone is in it only when no other text would have it: with digits and letters, or a long number. */
export function peopleBook(entries: Iterable<PersonEntry>): PeopleBook {
  return wordReplacer(telling(entries));
}

function* telling(entries: Iterable<PersonEntry>): Generator<WordsEntry> {
  for (const { raw, masked: fake } of entries) {
    const words = wordsOf(raw);
    const [first = ""] = words;
    if (raw !== fake && (words.length > 1 || isTelling(first))) yield { words, masked: fake };
  }
}

function isTelling(word: string): boolean {
  const digits = word.replaceAll(/[^0-9]/g, "").length;
  return digits >= 7 || (digits >= 2 && word.length >= 8 && /\p{L}/u.test(word));
}
