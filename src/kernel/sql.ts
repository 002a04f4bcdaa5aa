import { HowdahError } from "./howdah-error.ts";

/** A piece of SQL that is safe to put into a statement: only this file makes them. */
export class Sql {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/**
 * Builds a statement from literal text and safe pieces: sql`DROP DATABASE ${identifier(name)}`. A bare string between the braces
 * does not compile, so that no value becomes SQL by accident.
 */
export function sql(parts: TemplateStringsArray, ...pieces: readonly Sql[]): Sql {
  return new Sql(parts.reduce((text, part, index) => text + (pieces[index - 1]?.text ?? "") + part));
}

/**
 * A name of a database, table, column or account in backticks.
 * Refuses what MariaDB can't store: empty, over 64 characters, NUL, characters beyond the basic plane, a blank at the end.
 */
export function identifier(name: string): Sql {
  if (name === "" || name.length > 64 || /[\u0000\ud800-\udfff]|\s$/.test(name)) throw refused("name", name);
  return new Sql(`\`${name.replaceAll("`", "``")}\``);
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "\\0",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\r": "\\r",
  "\u001a": "\\Z",
  '"': '\\"',
  "'": "\\'",
  "\\": "\\\\",
};

/** Pieces with commas between them: columns, names of tables, rows. */
export function list(pieces: readonly Sql[]): Sql {
  return new Sql(pieces.map((piece) => piece.text).join(", "));
}

/** A text value in quotes, for sessions without NO_BACKSLASH_ESCAPES (ours set their sql_mode). Refuses text that is no Unicode. */
export function text(value: string): Sql {
  if (!value.isWellFormed()) throw refused("text", value);
  return new Sql(`'${value.replaceAll(/[\0\b\t\n\r\u001a"'\\]/g, (character) => ESCAPES[character] ?? "")}'`);
}

/** A whole number of a setting or an option, not negative. */
export function number(value: number): Sql {
  if (!Number.isSafeInteger(value) || value < 0) throw refused("number", String(value));
  return new Sql(String(value));
}

/** The name of a character set or collation: a bare word. */
export function word(name: string): Sql {
  if (!/^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(name)) throw refused("word", name);
  return new Sql(name);
}

/**
 * A database's name as GRANT takes it: `_` and `%` are wildcards there, so that a grant on `acme_shop` also opens `acmeXshop`
 * (reliability M6), and are escaped.
 */
export function grantPattern(database: string): Sql {
  return new Sql(identifier(database).text.replaceAll(/[\\_%]/g, "\\$&"));
}

/** The same for every database whose name begins with that one's and `_`: what parallel test runners make, and only on servers of tests. */
export function grantPatternBelow(database: string): Sql {
  return new Sql(grantPattern(`${database}_`).text.replace(/`$/, "%`"));
}

/** `'user'@'%'`: any address, since the network decides who may connect. */
export function account(user: string): Sql {
  if (user === "" || user.length > 80) throw refused("user name", user);
  return new Sql(`${text(user).text}@'%'`);
}

function refused(what: string, value: string): HowdahError {
  return new HowdahError("database/failed", `${JSON.stringify(value.slice(0, 80))} can't be a ${what} in SQL`);
}
