import { type Sql, sql } from "../../kernel/sql.ts";
import { normalised, normalisedSql } from "./normalise.ts";

/** What a value's digests are of. `exact` tells capitals apart: only hashes of values that the database tells apart. */
export type Seeding = "same-when-equal" | "exact";

/** The value itself, or the person's key when there is one: `#12`, so that a key is never taken for a name. */
export function seedText(value: string, person: string | null, seeding: Seeding = "same-when-equal"): string {
  if (person !== null) return `#${person}`;
  return seeding === "exact" ? value : normalised(value);
}

/** The same of expressions in utf8mb4; `person` is left out where a rule names no key. */
export function seedSql(value: Sql, person: Sql | undefined, seeding: Seeding = "same-when-equal"): Sql {
  const own = seeding === "exact" ? value : normalisedSql(value);
  return person === undefined ? own : sql`IFNULL(CONCAT('#', ${person}), ${own})`;
}
