import { type PhpToken, phpTokens } from "../php-tokens.ts";
import type { Hazard, UnsafeChange } from "./hazards.ts";
import { unsafeSql } from "./unsafe-sql.ts";

/** Methods that bring the schema forward: Laravel and Doctrine `up`, Yii `safeUp`, Phinx `change`. */
const forward = new Set(["up", "safeup", "change"]);

/** Calls by lower-case name, of Laravel, Doctrine, Phinx, Yii and CodeIgniter, that break the former release whatever their arguments. */
const calls: Readonly<Record<string, Hazard>> = {
  droptable: "drop-table",
  dropifexists: "drop-table",
  dropalltables: "drop-table",
  dropcolumn: "drop-column",
  dropcolumns: "drop-column",
  dropcolumnifexists: "drop-column",
  removecolumn: "drop-column",
  droptimestamps: "drop-column",
  droptimestampstz: "drop-column",
  dropsoftdeletes: "drop-column",
  dropsoftdeletestz: "drop-column",
  dropremembertoken: "drop-column",
  dropmorphs: "drop-column",
  dropconstrainedforeignid: "drop-column",
  renametable: "rename-table",
  rename: "rename-table",
  renamecolumn: "rename-column",
  changecolumn: "change-type",
  modifycolumn: "change-type",
  altercolumn: "change-type",
  truncate: "empty-table",
  truncatetable: "empty-table",
  dropprimary: "table-copy",
  fulltext: "table-copy",
  addforeignkey: "constraint",
  addforeignkeyconstraint: "constraint",
  adduniqueindex: "constraint",
  constrained: "constraint",
};

/** Calls that take a statement of SQL. */
const statements = new Set(["statement", "unprepared", "addsql", "execute", "query", "exec", "update", "delete"]);

/** Laravel's column types, as methods of a table. */
const columnTypes =
  /^(big|medium|small|tiny|unsigned)?(integer|increments)$|^(unsigned(Big|Medium|Small|Tiny)Integer|string|char|text|mediumText|longText|tinyText|boolean|date|dateTime|dateTimeTz|time|timeTz|timestamp|timestampTz|decimal|double|float|enum|set|json|jsonb|binary|uuid|ulid|year|ipAddress|macAddress|foreignId|foreignUuid|foreignUlid|foreignIdFor|geometry|addColumn)$/i;
/** Modifiers with which a new column takes rows of a release that does not know it. */
const harmless = ["nullable", "default", "usecurrent", "virtualas", "storedas", "autoincrement", "generatedas"];

/**
 * Finds in a PHP migration what breaks the release that still serves, as far as it can be seen: calls of the schema builders of Laravel,
 * Doctrine, Phinx, Yii and CodeIgniter in the methods that go forward, and SQL in literal strings. No code runs.
 */
export function unsafePhp(text: string): readonly UnsafeChange[] {
  const tokens = phpTokens(text);
  const line = lineCounter(text);
  const found: UnsafeChange[] = [];
  for (const body of forwardBodies(tokens)) found.push(...judgeBody(body, line, text));
  return found.sort((a, b) => a.line - b.line);
}

function lineCounter(text: string): (offset: number) => number {
  const starts = [...text.matchAll(/\n/g)].map(({ index }) => index);
  return (offset) => starts.filter((start) => start < offset).length + 1;
}

function isOperator(token: PhpToken | undefined, text: string): boolean {
  return token?.kind === "operator" && token.text === text;
}

/** What stands between the parenthesis or brace at `open` and its counterpart; up to the end when there is none. */
function inside(tokens: readonly PhpToken[], open: number): { readonly tokens: readonly PhpToken[]; readonly end: number } {
  let depth = 0;
  for (let at = open; at < tokens.length; at += 1) {
    if (["(", "{", "["].some((text) => isOperator(tokens[at], text))) depth += 1;
    if ([")", "}", "]"].some((text) => isOperator(tokens[at], text))) depth -= 1;
    if (depth === 0) return { tokens: tokens.slice(open + 1, at), end: at };
  }
  return { tokens: tokens.slice(open + 1), end: tokens.length };
}

function forwardBodies(tokens: readonly PhpToken[]): readonly (readonly PhpToken[])[] {
  return tokens.flatMap((token, at) => {
    const name = tokens[at + 1];
    if (token.kind !== "name" || token.text.toLowerCase() !== "function" || name?.kind !== "name") return [];
    if (!forward.has(name.text.toLowerCase())) return [];
    const open = tokens.findIndex((one, index) => index > at && isOperator(one, "{"));
    return open === -1 ? [] : [inside(tokens, open).tokens];
  });
}

/** `->name(` or `::name(` at `at`: the call's name as written. */
function callAt(tokens: readonly PhpToken[], at: number): string | undefined {
  const name = tokens[at];
  const called = ["->", "::", "?->"].some((text) => isOperator(tokens[at - 1], text)) && isOperator(tokens[at + 1], "(");
  return called && name?.kind === "name" ? name.text : undefined;
}

function judgeBody(tokens: readonly PhpToken[], line: (offset: number) => number, text: string): readonly UnsafeChange[] {
  const found: UnsafeChange[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const name = callAt(tokens, at);
    if (name === undefined) continue;
    const token = tokens[at];
    const here = line(token?.offset ?? 0);
    const call = inside(tokens, at + 1);
    const key = name.toLowerCase();
    if (key === "create" && isFacade(tokens, at)) {
      at = call.end; // a table that nobody uses yet
      continue;
    }
    if (statements.has(key)) found.push(...sqlOf(call.tokens, line, text));
    const hazard = hazardOf(key, tokens, at, call.tokens);
    if (hazard !== undefined) found.push({ hazard, what: `${name}(${literal(call.tokens)})`, line: here });
    else if (isNewColumn(name, tokens, at, call))
      found.push({ hazard: "not-null", what: `${name}(${literal(call.tokens)}) without nullable() or default()`, line: here });
  }
  return found;
}

function isFacade(tokens: readonly PhpToken[], at: number): boolean {
  return isOperator(tokens[at - 1], "::") && /(^|\\)Schema$/.test(tokens[at - 2]?.text ?? "");
}

/** The first literal argument, for people. */
function literal(call: readonly PhpToken[]): string {
  const first = call.find(({ kind }) => kind === "string");
  return first === undefined ? "…" : `'${first.text.slice(0, 60)}'`;
}

function hazardOf(key: string, tokens: readonly PhpToken[], at: number, call: readonly PhpToken[]): Hazard | undefined {
  if (key === "drop") return "drop-table"; // Schema::drop('x') and Phinx's $table->drop()
  if (key === "change" && call.length === 0) return "change-type"; // a Laravel column's ->change()
  if (key === "unique" || key === "primary" || key === "foreign") return isOperator(tokens[at - 1], "->") ? "constraint" : undefined;
  if (key === "addindex" && call.some((token, index) => token.text === "unique" && call[index + 2]?.text.toLowerCase() === "true"))
    return "constraint";
  return Object.hasOwn(calls, key) ? calls[key] : undefined;
}

/** A column that a Laravel or Doctrine migration adds, and that has neither a default nor NULL. Only at a chain's beginning: `$table->string(…)`. */
function isNewColumn(
  name: string,
  tokens: readonly PhpToken[],
  at: number,
  call: { readonly tokens: readonly PhpToken[]; readonly end: number },
): boolean {
  if (!columnTypes.test(name) || tokens[at - 2]?.kind !== "variable" || tokens[at - 2]?.text === "$this") return false;
  if (name.toLowerCase() === "addcolumn") return doctrineNotNull(call.tokens);
  for (let next = call.end + 1; isOperator(tokens[next], "->"); ) {
    const modifier = tokens[next + 1]?.text.toLowerCase() ?? "";
    if (harmless.includes(modifier) || modifier === "change") return false;
    next = isOperator(tokens[next + 2], "(") ? inside(tokens, next + 2).end + 1 : next + 2;
  }
  return !/increments$/i.test(name);
}

/** Doctrine's columns are NOT NULL unless told otherwise; Phinx's since 0.13 are not. An options array without `notnull` is Phinx's or harmless to ask about. */
function doctrineNotNull(call: readonly PhpToken[]): boolean {
  const words = call.map(({ text }) => text.toLowerCase());
  const value = (key: string): string | undefined => (words.includes(key) ? words[words.indexOf(key) + 2] : undefined);
  if (words.includes("default")) return false;
  return value("notnull") === "true" || value("null") === "false";
}

/** SQL in the first argument when it is a literal, with its line in the file. */
function sqlOf(call: readonly PhpToken[], line: (offset: number) => number, text: string): readonly UnsafeChange[] {
  const [first] = call;
  if (first?.kind !== "string" && first?.kind !== "template") return [];
  const heredoc = text.startsWith("<<<", first.offset) ? 1 : 0;
  return unsafeSql(first.text).map((change) => ({ ...change, line: line(first.offset) + heredoc + change.line - 1 }));
}
