import { HowdahError } from "../../../kernel/howdah-error.ts";
import { type Sql, sql } from "../../../kernel/sql.ts";
import { serverWords } from "./server-words.ts";

/** What SHOW CREATE TABLE says, taken apart so that a table can be filled before its secondary keys are made. */
export interface TableDefinition {
  /** `CREATE TABLE NAME (…)` without secondary and foreign keys; `at` names it. */
  bare(at: Sql): Sql;
  /** With its secondary keys, without foreign ones. */
  whole(at: Sql): Sql;
  /** `ALTER TABLE NAME ADD KEY…` for all secondary keys; null: it has none. */
  addKeys(at: Sql): Sql | null;
  /** The same for its foreign keys: the tables that they lead to must be there. */
  readonly foreignKeys: readonly { readonly name: string; readonly to: string; addTo(at: Sql): Sql }[];
}

const HEAD = /^CREATE TABLE `(?:[^`]|``)+` \(\n/;
const KEY = /^ {2}(?:UNIQUE |FULLTEXT |SPATIAL |VECTOR )?KEY `/;
const FOREIGN = /^ {2}CONSTRAINT `((?:[^`]|``)+)` FOREIGN KEY \(.*\) REFERENCES (?:`(?:[^`]|``)+`\.)?`((?:[^`]|``)+)`/;
const AUTO_INCREMENT = /^ {2}`((?:[^`]|``)+)` .* AUTO_INCREMENT(?: |,|$)/;

/** Each column, key and constraint has a line of its own: a line end within a text is written as `\n`. Error: `dataset/failed` for what looks otherwise. */
export function tableDefinition(created: string): TableDefinition {
  const head = HEAD.exec(created)?.[0];
  const lines = created.split("\n");
  const end = lines.findIndex((line) => line.startsWith(")"));
  if (head === undefined || end < 2) throw new HowdahError("dataset/failed", "A table's definition could not be read");
  const parts = lines.slice(1, end).map((line) => line.replace(/,$/, ""));
  const tail = lines.slice(end).join("\n");
  const counted = parts.flatMap((line) => AUTO_INCREMENT.exec(line)?.[1] ?? []);
  const isLater = (line: string): boolean => KEY.test(line) && !counted.some((column) => line.includes(`(\`${column}\``));
  const foreign = parts.filter((line) => FOREIGN.test(line));
  const keys = parts.filter(isLater);
  const print = (at: Sql, kept: readonly string[]): Sql => sql`CREATE TABLE ${at} (${serverWords(`\n${kept.join(",\n")}\n${tail}`)}`;
  return {
    bare: (at) =>
      print(
        at,
        parts.filter((line) => !isLater(line) && !FOREIGN.test(line)),
      ),
    whole: (at) =>
      print(
        at,
        parts.filter((line) => !FOREIGN.test(line)),
      ),
    addKeys: (at) =>
      keys.length === 0 ? null : sql`ALTER TABLE ${at} ${serverWords(keys.map((line) => `ADD ${line.trim()}`).join(", "))}`,
    foreignKeys: foreign.map((line) => {
      const [, name = "", to = ""] = FOREIGN.exec(line) ?? [];
      return { name, to: to.replaceAll("``", "`"), addTo: (at) => sql`ALTER TABLE ${at} ADD ${serverWords(line.trim())}` };
    }),
  };
}
