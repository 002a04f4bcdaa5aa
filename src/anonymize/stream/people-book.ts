import { identifier, type Sql, sql } from "../../kernel/sql.ts";
import { rawText } from "../compile/place.ts";
import type { ColumnPlan, MaskPlan } from "../plan.ts";

/** Puts in a text the fakes in the place of everybody who is in a column somewhere: posts name customers, comments name authors. */
export type PeopleBook = (text: string) => string;

/** A real value with the fake that stands in its column. */
export interface PersonEntry {
  readonly raw: string;
  readonly masked: string;
}

/** Whose values stand in texts as they stand in columns, and are not found by their form. */
const NAMING = /^(full-name|user-name|street|hash|mask|phone)\b/;

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

interface Entry {
  /** Behind the first one. */
  readonly words: readonly string[];
  readonly masked: string;
}

const WORD = /[\p{L}\p{N}]+/gu;
/** What may stand between the words of a name. */
const BETWEEN = /^[\s.,_'’&;+-]{1,6}$/;

/** Makes the book. One word alone is in it only when no other text would have it: with digits and letters, or a long number. */
export function peopleBook(entries: Iterable<PersonEntry>): PeopleBook {
  const byFirst = new Map<string, Entry[]>();
  for (const { raw: value, masked: fake } of entries) {
    const [first, ...words] = wordsOf(value);
    if (first === undefined || (words.length === 0 && !isTelling(first)) || value === fake) continue;
    const same = byFirst.get(first);
    if (same === undefined) byFirst.set(first, [{ words, masked: fake }]);
    else if (!same.some((one) => one.words.join(" ") === words.join(" "))) same.push({ words, masked: fake });
  }
  for (const same of byFirst.values()) same.sort((a, b) => b.words.length - a.words.length);
  return byFirst.size === 0 ? (text) => text : (text) => replaced(text, byFirst);
}

function wordsOf(text: string): string[] {
  return (text.match(WORD) ?? []).map((word) => word.toLowerCase());
}

function isTelling(word: string): boolean {
  const digits = word.replaceAll(/[^0-9]/g, "").length;
  return digits >= 7 || (digits >= 2 && word.length >= 8 && /\p{L}/u.test(word));
}

function replaced(text: string, book: ReadonlyMap<string, readonly Entry[]>): string {
  const words = Array.from(text.matchAll(WORD), (match) => ({
    word: match[0].toLowerCase(),
    start: match.index,
    end: match.index + match[0].length,
  }));
  let [out, from] = ["", 0];
  for (let index = 0; index < words.length; index += 1) {
    const here = words[index];
    const entry = here === undefined ? undefined : book.get(here.word)?.find((one) => follow(one.words, words, { index, text }));
    const last = entry === undefined ? undefined : words[index + entry.words.length];
    if (here === undefined || entry === undefined || last === undefined) continue;
    out += text.slice(from, here.start) + entry.masked;
    from = last.end;
    index += entry.words.length;
  }
  return from === 0 ? text : out + text.slice(from);
}

interface Word {
  readonly word: string;
  readonly start: number;
  readonly end: number;
}

function follow(
  wanted: readonly string[],
  words: readonly Word[],
  { index, text }: { readonly index: number; readonly text: string },
): boolean {
  return wanted.every((one, offset) => {
    const [before, next] = [words[index + offset], words[index + offset + 1]];
    return before !== undefined && next?.word === one && BETWEEN.test(text.slice(before.end, next.start));
  });
}
