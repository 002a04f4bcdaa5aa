import { HowdahError } from "../../../kernel/howdah-error.ts";

/**
 * A piece of SQL for ProxySQL's admin, which is SQLite behind MySQL's protocol: a driver's own escaping uses backslashes, which SQLite takes as they
 * are, and a quote then ends the text (database.md, section 6). Only this file makes them.
 */
export class AdminSql {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** Builds a statement from literal text and safe pieces. A bare string between the braces does not compile. */
export function adminSql(parts: TemplateStringsArray, ...pieces: readonly AdminSql[]): AdminSql {
  return new AdminSql(parts.reduce((text, part, index) => text + (pieces[index - 1]?.text ?? "") + part));
}

/** A text value. SQLite has one escape, a quote twice; what ends a text for C is refused, and so is what the admin reads before SQLite does. */
export function adminText(value: string): AdminSql {
  if (/[\0;\r\n]/.test(value) || !value.isWellFormed())
    throw new HowdahError("database/failed", `${JSON.stringify(value.slice(0, 40))} can't be a text for ProxySQL`);
  return new AdminSql(`'${value.replaceAll("'", "''")}'`);
}

/** A whole number. */
export function adminNumber(value: number): AdminSql {
  if (!Number.isSafeInteger(value) || value < 0) throw new HowdahError("database/failed", `${value} can't be a number for ProxySQL`);
  return new AdminSql(String(value));
}

/** The name of a table or column of ProxySQL's own. */
export function adminName(value: string): AdminSql {
  if (!/^[a-z][a-zA-Z_]{0,63}$/.test(value)) throw new HowdahError("database/failed", `${JSON.stringify(value)} is no name of ProxySQL's`);
  return new AdminSql(value);
}

/** Pieces with commas between. */
export function adminList(pieces: readonly AdminSql[]): AdminSql {
  return new AdminSql(pieces.map(({ text }) => text).join(", "));
}
