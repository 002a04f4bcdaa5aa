import type { ColumnSchema } from "../database-schema.ts";

/** What strategies care about. `digits`: bytes or text of a fixed form are told apart by their length. */
export type ColumnKind = "text" | "bytes" | "integer" | "number" | "date" | "choice" | "address" | "other";

const kinds: Readonly<Record<Exclude<ColumnKind, "other">, readonly string[]>> = {
  text: ["char", "varchar", "tinytext", "text", "mediumtext", "longtext", "json"],
  bytes: ["binary", "varbinary", "tinyblob", "blob", "mediumblob", "longblob"],
  integer: ["tinyint", "smallint", "mediumint", "int", "bigint"],
  number: ["decimal", "float", "double"],
  date: ["date", "datetime", "timestamp"],
  choice: ["enum", "set"],
  address: ["inet4", "inet6"],
};

/** The kind of a column. */
export function kindOf(column: ColumnSchema): ColumnKind {
  const found = Object.entries(kinds).find(([, types]) => types.includes(column.type));
  return (found?.[0] as ColumnKind | undefined) ?? "other";
}

/** Whole texts have no bound that a fake could meet. */
const NO_BOUND = 2000;

/**
 * Characters of a fake that surely fit; null: any number. Binary columns and the TEXT types count bytes, and a letter of a fake has at most two.
 */
export function roomOf(column: ColumnSchema): number | null {
  const { length, type } = column;
  if (length === null || length >= NO_BOUND) return null;
  return type === "char" || type === "varchar" ? length : Math.floor(length / 2);
}

/** The same for fakes of ASCII only. */
export function asciiRoomOf(column: ColumnSchema): number | null {
  return column.length === null || column.length >= NO_BOUND ? null : column.length;
}

/** Whether a column takes the letters of western Europe, which names have. */
export function takesLetters(column: ColumnSchema): boolean {
  return column.charset === null || /^(utf8|utf8mb3|utf8mb4|latin1|latin9|cp1252|utf16|utf16le|utf32|ucs2)$/.test(column.charset);
}
