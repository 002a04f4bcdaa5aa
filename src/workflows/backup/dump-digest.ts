import { createHash, type Hash } from "node:crypto";
import { Transform } from "node:stream";

/** What a table or view is, as text of a dump. */
export interface TableDigest {
  readonly rows: number;
  readonly sha256: string;
}

/** What a dump holds. */
export interface DumpDigest {
  readonly bytes: number;
  /** Of every byte. */
  readonly sha256: string;
  /** By name; routines and events under a name that no table can have. Comments do not count: two dumps of equal databases are equal. */
  readonly tables: Readonly<Record<string, TableDigest>>;
  /** Whether the last line is mariadb-dump's own. */
  readonly complete: boolean;
  readonly position: { readonly file: string; readonly offset: number } | null;
}

const SECTION =
  /^-- (?:Table structure for table|Dumping data for table|Temporary table structure for view|Final view structure for view) `(.*)`/;
const OTHERS = /^-- (?:Dumping (?:events|routines) for database|Sequence structure for) /;
const POSITION = /^-- (?:CHANGE MASTER TO MASTER_LOG_FILE='([^']+)', MASTER_LOG_POS=(\d+);)/;
/** No table is called so: names don't end with a blank. */
const REST = "routines and events ";

interface Section {
  readonly hash: Hash;
  rows: number;
}

/**
 * Lets a dump through and learns what is in it: for each table the rows and a checksum of structure and data. Lines are what mariadb-dump
 * writes: text values hold no line end.
 */
export function dumpDigest(): { readonly stream: Transform; result(): DumpDigest } {
  const whole = createHash("sha256");
  const sections = new Map<string, Section>();
  let [bytes, rest, last] = [0, "", ""];
  let current: Section | undefined;
  let position: DumpDigest["position"] = null;

  const open = (name: string): void => {
    current = sections.get(name) ?? { hash: createHash("sha256"), rows: 0 };
    sections.set(name, current);
  };
  const comment = (line: string): void => {
    const name = SECTION.exec(line)?.[1];
    if (name !== undefined) open(Buffer.from(name, "latin1").toString("utf8").replaceAll("``", "`"));
    else if (OTHERS.test(line)) open(REST);
    const found = sections.size === 0 ? POSITION.exec(line) : null;
    if (found !== null) position = { file: found[1] ?? "", offset: Number(found[2]) };
  };
  const take = (line: string): void => {
    if (line === "") return;
    last = line;
    if (line.startsWith("--")) return comment(line);
    if (line.startsWith("/*M!999999")) return;
    current?.hash.update(line, "latin1").update("\n");
    // Newer ones write a row a line, older ones as many as fit into a statement; both programs of a comparison are the same.
    if (current !== undefined && (line.startsWith("(") || /^INSERT .{1,300}? VALUES? ?\(/.test(line))) current.rows += 1;
  };
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      whole.update(chunk);
      const lines = (rest + chunk.toString("latin1")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) take(line);
      done(null, chunk);
    },
  });
  return {
    stream,
    result() {
      take(rest);
      rest = "";
      const tables = [...sections].map(([name, { hash, rows }]) => [name, { rows, sha256: hash.copy().digest("hex") }] as const);
      return {
        bytes,
        sha256: whole.copy().digest("hex"),
        tables: Object.fromEntries(tables),
        complete: last.startsWith("-- Dump completed"),
        position,
      };
    },
  };
}

/** Tables and views of a dump, as the server counts them: what it holds beside them is no table. */
export function countTables(tables: DumpDigest["tables"]): number {
  return Object.keys(tables).filter((name) => name !== REST).length;
}

/** Names of the tables that two dumps of one database differ in, with the reason; the first is what there should be. */
export function differences(wanted: DumpDigest["tables"], found: DumpDigest["tables"]): readonly string[] {
  const names = [...new Set([...Object.keys(wanted), ...Object.keys(found)])].sort();
  return names.flatMap((name) => {
    const [a, b] = [wanted[name], found[name]];
    if (b === undefined) return a?.rows === 0 && name === REST ? [] : [`${name} is missing`];
    if (a === undefined) return name === REST ? [] : [`${name} should not be there`];
    if (a.rows !== b.rows) return [`${name} has ${String(b.rows)} rows instead of ${String(a.rows)}`];
    return a.sha256 === b.sha256 ? [] : [`${name} has the same number of rows, but other content`];
  });
}
