/** Latin-1's letters with an accent, and other ranges that have short codes, are rare in names of tables: those names are answered as null. */
const PLAIN = /^[A-Za-z0-9_]$/;

/**
 * The name of a table's or database's file (`tablename_to_filename` of the server): letters, digits and `_` as they are, everything else as `@` and four hex
 * digits. Some letters have shorter codes there; a name with one of those is not found by this, see {@link hasPlainFileName}.
 */
export function fileNameOf(name: string): string {
  return Array.from(name, (one) => (PLAIN.test(one) ? one : `@${(one.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`)).join("");
}

/** Whether {@link fileNameOf} is right for a name. */
export function hasPlainFileName(name: string): boolean {
  return /^[\x20-\x7e]*$/.test(name);
}
