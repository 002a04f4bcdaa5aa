import type { DatasetLanguage, Fake } from "../../catalog/dataset-presets/dataset-rules.ts";
import { number, type Sql, sql } from "../../kernel/sql.ts";
import type { MaskKey } from "./mask-key.ts";
import { withoutBlanks } from "./normalise.ts";
import { recipeSql, wholeSql } from "./recipe-sql.ts";
import { recipeText } from "./recipe-text.ts";
import { EMAIL_DIGITS, emailRecipe, fakeRecipe, hashRecipe, type Part } from "./recipes.ts";
import { seedSql, seedText, type Seeding } from "./seed.ts";

/** A mask that SQL and TypeScript both know. */
export type ValueMask =
  | { readonly mask: "fake"; readonly fake: Fake; readonly language: DatasetLanguage }
  | { readonly mask: "email"; readonly digits: number }
  | { readonly mask: "hash"; readonly length: number; readonly seeding: Seeding };

/** Fakes are made once for every recipe, not for every value. */
const made = new Map<string, readonly Part[]>();

function recipeOf(mask: ValueMask): readonly Part[] {
  if (mask.mask === "email") return emailRecipe(mask.digits);
  if (mask.mask === "hash") return hashRecipe(mask.length);
  const name = `${mask.fake} ${mask.language}`;
  const recipe = made.get(name) ?? fakeRecipe(mask.fake, mask.language);
  made.set(name, recipe);
  return recipe;
}

/** What may be said besides the value. */
export interface MaskPlace {
  /** The person's key in the same row. */
  readonly person: string | null;
  /** Characters that the column takes; what is longer is cut. */
  readonly room: number | null;
}

const ANYWHERE: MaskPlace = { person: null, room: null };

/** The fake of one value. What is empty stays so. */
export function maskText(mask: ValueMask, key: MaskKey, value: string, { person, room }: MaskPlace = ANYWHERE): string {
  if (withoutBlanks(value) === "") return value;
  const seed = seedText(value, person, mask.mask === "hash" ? mask.seeding : undefined);
  const fake = recipeText(recipeOf(mask), key, seed, value);
  return room === null ? fake : Array.from(fake).slice(0, room).join("");
}

/** The same of an expression in utf8mb4. */
export function maskSql(
  mask: ValueMask,
  value: Sql,
  { person, room }: { readonly person?: Sql | undefined; readonly room: number | null },
): Sql {
  const seed = seedSql(value, person, mask.mask === "hash" ? mask.seeding : undefined);
  const fake = recipeSql(recipeOf(mask), seed, value);
  return unlessEmpty(value, room === null ? fake : sql`LEFT(${fake}, ${number(room)})`);
}

/** NULL and an empty value say nothing of anybody, and applications look for them. By length: collations call other things equal to nothing. */
export function unlessEmpty(value: Sql, masked: Sql): Sql {
  return sql`IF(CHAR_LENGTH(TRIM(${value})) > 0, ${masked}, ${value})`;
}

/** A whole-number shift in days, never 0, the same for a person in every table. */
export function shiftSql(seed: Sql, days: number): Sql {
  const drawn = sql`CAST(${wholeSql("shift-date", 0, seed)} % ${number(2 * days)} AS SIGNED)`;
  return sql`(${drawn} - ${number(days)} + (${drawn} >= ${number(days)}))`;
}

/** Stars in the place of all but some characters; all of them where nearly nothing would be hidden. */
export function starsSql(value: Sql, start: number, end: number): Sql {
  const length = sql`CHAR_LENGTH(${value})`;
  const shown = number(start + end);
  const middle = sql`REPEAT('*', ${length} - ${shown})`;
  return sql`IF(${length} < ${number(2 * (start + end))}, REPEAT('*', ${length}), CONCAT(LEFT(${value}, ${number(start)}), ${middle}, RIGHT(${value}, ${number(end)})))`;
}

/** The mask of addresses, with as many digits as the column has room for. */
export function emailMask(room: number | null): ValueMask {
  const least = 1 + "@example.invalid".length;
  return { mask: "email", digits: Math.min(EMAIL_DIGITS, (room ?? 100) - least) };
}
