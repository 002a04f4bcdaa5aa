import type { Hazard, UnsafeChange } from "./hazards.ts";
import { type SqlStatement, type SqlToken, sqlStatements } from "./sql-statements.ts";

/**
 * Finds what breaks the release that still serves, or holds it up, in a text of SQL. Tables that the same text creates are left alone: nobody
 * uses them yet. It reads; nothing is asked of a server, so how large a table is it can't know.
 */
export function unsafeSql(text: string): readonly UnsafeChange[] {
  const created = new Set<string>();
  return sqlStatements(text).flatMap((statement) => judge(statement, created));
}

function judge(statement: SqlStatement, created: Set<string>): readonly UnsafeChange[] {
  const read = new Reader(statement);
  if (read.take("CREATE")) return create(read, created);
  if (read.take("ALTER")) return alter(read, created);
  if (read.take("DROP")) return drop(read, created);
  if (read.take("RENAME", "TABLE") || read.take("RENAME", "TABLES")) return renameTables(read, created);
  if (read.take("TRUNCATE")) {
    read.take("TABLE");
    return ofTable(read.name(), created, (table) => [read.found("empty-table", `TRUNCATE ${table}`)]);
  }
  if (read.take("LOCK", "TABLE") || read.take("LOCK", "TABLES")) return [read.found("table-copy", `LOCK TABLES ${read.name()}`)];
  if (read.take("DELETE") || read.take("UPDATE")) return withoutWhere(statement, created);
  return [];
}

function ofTable(table: string, created: ReadonlySet<string>, found: (table: string) => readonly UnsafeChange[]): readonly UnsafeChange[] {
  return created.has(table.toLowerCase()) ? [] : found(table);
}

function create(read: Reader, created: Set<string>): readonly UnsafeChange[] {
  const replaces = read.take("OR", "REPLACE");
  const temporary = read.take("TEMPORARY");
  if (read.take("TABLE")) {
    const perhaps = read.take("IF", "NOT", "EXISTS");
    const table = read.name();
    if (replaces && !temporary) return ofTable(table, created, () => [read.found("drop-table", `CREATE OR REPLACE TABLE ${table}`)]);
    if (!perhaps) created.add(table.toLowerCase());
    return [];
  }
  read.take("ONLINE");
  const kind = ["UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR"].find((word) => read.take(word));
  if (!read.take("INDEX")) return [];
  read.take("IF", "NOT", "EXISTS");
  const index = read.name();
  while (!read.done() && !read.take("ON")) read.skip();
  return ofTable(read.name(), created, (table) => newIndex(read, { kind, what: `INDEX ${index} on ${table}`, online: isOnline(read.all) }));
}

function drop(read: Reader, created: ReadonlySet<string>): readonly UnsafeChange[] {
  if (read.take("TEMPORARY")) return [];
  const kind = ["TABLE", "TABLES", "VIEW", "DATABASE", "SCHEMA", "PROCEDURE", "FUNCTION"].find((word) => read.take(word));
  if (kind === undefined) return [];
  read.take("IF", "EXISTS");
  return read
    .list()
    .flatMap((part) => ofTable(new Reader(part).name(), created, (name) => [read.found("drop-table", `DROP ${kind} ${name}`)]));
}

function renameTables(read: Reader, created: ReadonlySet<string>): readonly UnsafeChange[] {
  read.take("IF", "EXISTS");
  return read
    .list()
    .flatMap((part) => ofTable(new Reader(part).name(), created, (table) => [read.found("rename-table", `RENAME TABLE ${table}`)]));
}

function withoutWhere(statement: SqlStatement, created: ReadonlySet<string>): readonly UnsafeChange[] {
  if (statement.some(({ kind, text }) => kind === "word" && (text === "WHERE" || text === "LIMIT" || text === "JOIN"))) return [];
  const read = new Reader(statement);
  const verb = read.take("DELETE") ? "DELETE" : "UPDATE";
  read.skip(verb === "DELETE" ? 0 : 1);
  while (["LOW_PRIORITY", "QUICK", "IGNORE", "FROM"].some((word) => read.take(word)));
  return ofTable(read.name(), created, (table) => [read.found("empty-table", `${verb} without WHERE on ${table}`)]);
}

function alter(read: Reader, created: ReadonlySet<string>): readonly UnsafeChange[] {
  const online = read.take("ONLINE");
  read.take("IGNORE");
  if (!read.take("TABLE")) return [];
  read.take("IF", "EXISTS");
  const table = read.name();
  if (read.take("WAIT")) read.skip();
  read.take("NOWAIT");
  const told = online || isOnline(read.all);
  return ofTable(table, created, () => read.list().flatMap((part) => action(new Reader(part), table, told)));
}

/** ONLINE, LOCK=NONE and ALGORITHM=INSTANT or NOCOPY: the server then refuses what it would have to lock for. */
function isOnline(statement: SqlStatement): boolean {
  const words = statement.map(({ text }) => text).join(" ");
  return /\bLOCK\s*=?\s*NONE\b|\bALGORITHM\s*=?\s*(INSTANT|NOCOPY)\b|\bONLINE\b/.test(words);
}

function newIndex(
  read: Reader,
  { kind, what, online }: { kind: string | undefined; what: string; online: boolean },
): readonly UnsafeChange[] {
  if (kind === "UNIQUE" || kind === "PRIMARY") return [read.found("constraint", `${kind} ${what}`)];
  if (kind !== undefined) return [read.found("table-copy", `${kind} ${what}`)];
  return online ? [] : [read.found("index-lock", what)];
}

const copies = ["ENGINE", "ROW_FORMAT", "KEY_BLOCK_SIZE", "PAGE_COMPRESSED", "ENCRYPTED"];
const noColumn = ["INDEX", "KEY", "FOREIGN", "CONSTRAINT", "CHECK", "SYSTEM"];

/** One action of ALTER TABLE. */
function action(read: Reader, table: string, online: boolean): readonly UnsafeChange[] {
  if (read.take("DROP")) return dropped(read, table);
  if (read.take("ADD")) return added(read, table, online);
  if (read.take("RENAME")) {
    if (read.take("COLUMN")) return [read.found("rename-column", `RENAME COLUMN ${read.name()} of ${table}`)];
    if (read.take("INDEX") || read.take("KEY")) return [];
    return [read.found("rename-table", `RENAME TABLE ${table}`)];
  }
  if (read.take("CHANGE")) {
    read.take("COLUMN");
    read.take("IF", "EXISTS");
    const [from, to] = [read.name(), read.name()];
    const renamed = from.toLowerCase() === to.toLowerCase() ? [] : [read.found("rename-column", `CHANGE ${from} ${to} of ${table}`)];
    return [...renamed, ...changedType(read, `CHANGE ${from} of ${table}`, online)];
  }
  if (read.take("MODIFY")) {
    read.take("COLUMN");
    read.take("IF", "EXISTS");
    return changedType(read, `MODIFY ${read.name()} of ${table}`, online);
  }
  if (read.take("ALTER")) {
    read.take("COLUMN");
    const column = read.name();
    return read.take("DROP", "DEFAULT") ? [read.found("drop-default", `DROP DEFAULT of ${table}.${column}`)] : [];
  }
  const [first, second, third] = read.rest().map(({ text }) => text);
  const words = `${first ?? ""} ${second ?? ""} ${third ?? ""}`;
  const copied =
    copies.includes(first ?? "") ||
    ["FORCE", "ORDER"].includes(first ?? "") ||
    /^(CONVERT TO|PARTITION BY|REMOVE PARTITIONING|DISCARD TABLESPACE|TRUNCATE PARTITION|COALESCE PARTITION|REORGANIZE PARTITION|ALGORITHM = COPY|ALGORITHM COPY|LOCK = (EXCLUSIVE|SHARED)|LOCK (EXCLUSIVE|SHARED))/.test(
      words,
    );
  return copied ? [read.found("table-copy", `ALTER TABLE ${table} ${words.replaceAll(" = ", "=").trim()}`)] : [];
}

function dropped(read: Reader, table: string): readonly UnsafeChange[] {
  if (read.take("PRIMARY", "KEY")) return [read.found("table-copy", `DROP PRIMARY KEY of ${table}`)];
  if (read.take("PARTITION")) return [read.found("empty-table", `DROP PARTITION of ${table}`)];
  if (!read.take("COLUMN") && noColumn.some((word) => read.is(word))) return [];
  read.take("IF", "EXISTS");
  return [read.found("drop-column", `DROP COLUMN ${read.name()} of ${table}`)];
}

function added(read: Reader, table: string, online: boolean): readonly UnsafeChange[] {
  const constraint = read.take("CONSTRAINT");
  if (constraint && !["UNIQUE", "PRIMARY", "FOREIGN", "CHECK"].some((word) => read.is(word))) {
    read.take("IF", "NOT", "EXISTS");
    read.name();
  }
  if (read.take("PRIMARY", "KEY")) return newIndex(read, { kind: "PRIMARY", what: `KEY of ${table}`, online });
  if (read.take("FOREIGN", "KEY")) return [read.found("constraint", `FOREIGN KEY of ${table}`)];
  if (read.is("CHECK")) return [read.found("constraint", `CHECK of ${table}`)];
  if (read.take("PARTITION")) return [];
  if (read.take("PERIOD") || read.take("SYSTEM")) return [read.found("table-copy", `ALTER TABLE ${table} ADD SYSTEM VERSIONING`)];
  const kind = ["UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR"].find((word) => read.take(word));
  if (read.take("INDEX") || read.take("KEY") || kind !== undefined) return newIndex(read, { kind, what: `INDEX on ${table}`, online });
  read.take("COLUMN");
  read.take("IF", "NOT", "EXISTS");
  if (read.takeSymbol("(")) return new Reader(read.until()).list().flatMap((part) => newColumn(new Reader(part), table));
  return newColumn(read, table);
}

function newColumn(read: Reader, table: string): readonly UnsafeChange[] {
  const column = read.name();
  const words = wordsOf(read);
  const what = `ADD COLUMN ${column} to ${table}`;
  const computed = /\b(GENERATED|AS|VIRTUAL)\b/.test(words);
  const copied = /\b(STORED|PERSISTENT|AUTO_INCREMENT)\b/.test(words) ? [read.found("table-copy", what)] : [];
  const unique = /\b(UNIQUE|PRIMARY)\b/.test(words) ? [read.found("constraint", `${what}, UNIQUE`)] : [];
  const bare = /\bNOT NULL\b/.test(words) && !/\bDEFAULT\b|\bAUTO_INCREMENT\b/.test(words) && !computed;
  return [...(bare ? [read.found("not-null", `${what} NOT NULL without DEFAULT`)] : []), ...copied, ...unique];
}

function changedType(read: Reader, what: string, online: boolean): readonly UnsafeChange[] {
  const words = wordsOf(read);
  const bare = /\bNOT NULL\b/.test(words) && !/\bDEFAULT\b|\bAUTO_INCREMENT\b/.test(words);
  return [
    ...(bare ? [read.found("not-null", `${what}: NOT NULL without DEFAULT`)] : []),
    ...(online ? [] : [read.found("change-type", what)]),
  ];
}

/** The definition's words: strings and comments' texts say nothing about it. */
function wordsOf(read: Reader): string {
  return read
    .rest()
    .filter(({ kind }) => kind === "word")
    .map(({ text }) => text)
    .join(" ");
}

/** Reads a statement from its beginning. */
class Reader {
  readonly all: SqlStatement;
  #at = 0;
  constructor(tokens: SqlStatement) {
    this.all = tokens;
  }
  done(): boolean {
    return this.#at >= this.all.length;
  }
  rest(): SqlStatement {
    return this.all.slice(this.#at);
  }
  skip(count = 1): void {
    this.#at += count;
  }
  is(...words: readonly string[]): boolean {
    return words.every((word, index) => {
      const token = this.all[this.#at + index];
      return token?.kind === "word" && token.text === word;
    });
  }
  /** Steps over these words when they come next. */
  take(...words: readonly string[]): boolean {
    const here = this.is(...words);
    if (here) this.#at += words.length;
    return here;
  }
  takeSymbol(symbol: string): boolean {
    const token = this.all[this.#at];
    const here = token?.kind === "symbol" && token.text === symbol;
    if (here) this.#at += 1;
    return here;
  }
  /** A name, the last part of `schema.table`. Bare names are words in capitals: they are shown in lower case. */
  name(): string {
    let name = this.#part();
    while (this.takeSymbol(".")) name = this.#part();
    return name;
  }
  #part(): string {
    const token = this.all[this.#at];
    if (token === undefined || token.kind === "symbol") return "?";
    this.#at += 1;
    return token.kind === "word" ? token.text.toLowerCase() : token.text;
  }
  /** The rest, cut at commas outside of parentheses. */
  list(): readonly SqlStatement[] {
    const parts: SqlToken[][] = [[]];
    let depth = 0;
    for (const token of this.rest()) {
      if (token.kind === "symbol" && token.text === "(") depth += 1;
      if (token.kind === "symbol" && token.text === ")") depth -= 1;
      if (token.kind === "symbol" && token.text === "," && depth === 0) parts.push([]);
      else parts.at(-1)?.push(token);
    }
    return parts.filter((part) => part.length > 0);
  }
  /** The tokens up to the parenthesis that closes the one just taken. */
  until(): SqlStatement {
    let depth = 1;
    const rest = this.rest();
    const end = rest.findIndex(({ kind, text }) => {
      if (kind === "symbol" && text === "(") depth += 1;
      if (kind === "symbol" && text === ")") depth -= 1;
      return depth === 0;
    });
    return end === -1 ? rest : rest.slice(0, end);
  }
  found(hazard: Hazard, what: string): UnsafeChange {
    return { hazard, what, line: this.all[0]?.line ?? 1 };
  }
}
