/**
 * Refusals of MariaDB whose quotes hold names of tables, columns and keys and nothing else, by their number: a value may hold a quote itself, so what a quote
 * holds is only known by what is said, never by where the quotes are.
 */
const NAMES_ONLY: ReadonlySet<number> = new Set([
  1005, // can't create table
  1046, // no database
  1048, // column can't be null
  1050, // table exists
  1051, // unknown table
  1054, // unknown column
  1060, // duplicate column
  1061, // duplicate key name
  1072, // key column does not exist
  1091, // can't drop
  1146, // no such table
  1264, // out of a column's range
  1265, // does not fit a column
  1273, // unknown collation
  1304, // routine exists
  1305, // no such routine
  1364, // no default
  1406, // too long for a column
  1808, // the file of a table does not fit its definition
]);

/** What stands at the end of a refusal, after the value: the name of a key or column, in quotes that nothing follows. */
const NAME_AT_END = /for (?:key '[^'`"]{1,200}'|column (?:`[^'`"]{1,64}`\.){0,2}`[^'`"]{1,64}` at row \d+)$/;

/** A server's words up to the first thing that it quotes, or all of them where it quotes names alone. */
export function refusalWithoutValues(errno: number, message: string): string {
  if (NAMES_ONLY.has(errno)) return message.slice(0, 400);
  const first = message.search(/['"`]/);
  if (first === -1) return message.slice(0, 400);
  const name = NAME_AT_END.exec(message)?.[0];
  return `${message.slice(0, first).slice(0, 150)}…${name === undefined ? "" : ` ${name}`}`;
}

const CLIENT_REFUSAL = /\bERROR (\d{4,5}) \(([0-9A-Z]{5})\)/;
const DUMP_REFUSAL = /^mariadb-dump: .*?\((\d{4,5})\)/;

/** What a database's program wrote to its standard error without any value of a row: the numbers of its refusals, nothing else. */
export function refusalNumbers(lines: readonly string[]): readonly string[] {
  return lines.flatMap((line) => {
    const client = CLIENT_REFUSAL.exec(line);
    if (client !== null) return [`ERROR ${String(client[1])} (${String(client[2])})`];
    const dump = DUMP_REFUSAL.exec(line);
    return dump === null ? [] : [`mariadb-dump: error ${String(dump[1])}`];
  });
}
