import { type Sql, sql } from "../../kernel/sql.ts";

/** Capital letters that MariaDB's utf8mb4_general_ci, which is of an old Unicode, leaves as they are: from, to. A test asks a server about each. */
const LEFT_ALONE: readonly (readonly [number, number])[] = [
  [0x220, 0x220],
  [0x23a, 0x37f],
  [0x3cf, 0x3d8],
  [0x3f4, 0x3ff],
  [0x48a, 0x48a],
  [0x4c0, 0x4c0],
  [0x4c5, 0x4c5],
  [0x4c9, 0x4c9],
  [0x4cd, 0x4cd],
  [0x4f6, 0x4f6],
  [0x4fa, 0x52e],
  [0x10a0, 0x1cbf],
  [0x1e9e, 0x1e9e],
  [0x1efa, 0x1efe],
  [0x2132, 0x2132],
  [0x2183, 0x2183],
  [0x2c00, 0xa7f5],
  [0x10400, 0x1e921],
];

/** What stands for a value in digests: without blanks around it and in lower case, so that `Anna@Example.org ` and `anna@example.org`, which are equal to the database, get one fake. */
export function normalised(value: string): string {
  const trimmed = withoutBlanks(value);
  if (/^[\u0000-\u007f]*$/.test(trimmed)) return trimmed.toLowerCase();
  return Array.from(trimmed, lower).join("");
}

/** As TRIM does it: blanks, no tabs. By hand: a regular expression takes quadratic time on many blanks. */
export function withoutBlanks(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && value[start] === " ") start += 1;
  while (end > start && value[end - 1] === " ") end -= 1;
  return value.slice(start, end);
}

/** One by one: in a word, JavaScript's sigma depends on where it stands. */
function lower(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0x130) return "i";
  return LEFT_ALONE.some(([from, to]) => code >= from && code <= to) ? character : character.toLowerCase();
}

/** The same of an expression. */
export function normalisedSql(value: Sql): Sql {
  return sql`LOWER(TRIM(${value}) COLLATE utf8mb4_general_ci)`;
}
