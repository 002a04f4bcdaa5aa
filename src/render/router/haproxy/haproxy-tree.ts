/** One section of an HAProxy configuration. Words are plain: quoting is the printer's business alone. */
export interface HaproxySection {
  readonly kind: "global" | "defaults" | "resolvers" | "listen" | "frontend";
  /** Left out for `global` and `defaults`. */
  readonly name?: string;
  /** One setting a line, its words apart. */
  readonly lines: readonly (readonly string[])[];
}

/** A line of words; numbers are written as they are. */
export function line(...words: readonly (string | number)[]): readonly string[] {
  return words.map(String);
}
