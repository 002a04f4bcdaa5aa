import type { ColumnSchema } from "../database-schema.ts";
import { text } from "../../kernel/sql.ts";
import { emailMask, maskSql, unlessEmpty } from "../masks/value-masks.ts";
import type { Seeding } from "../masks/seed.ts";
import { asciiRoomOf } from "./column-kind.ts";
import { passwordOf } from "./passwords.ts";
import { type ArmCompiler, expression, isTextual, misfit, personOf, problem, rawText } from "./place.ts";

const LEAST_HASH = 8;

/** A keyed hash, as long as the column allows. */
export const hashArm: ArmCompiler = (rule, place) => {
  if (!isTextual(place))
    return misfit(rule, place, "A hash is text: keep the number, or clear it. Ids that say nothing of anybody may stay.");
  const room = asciiRoomOf(place.column);
  const length = Math.min(rule.length ?? 32, room ?? 64);
  if (length < Math.min(rule.length ?? LEAST_HASH, LEAST_HASH) || (rule.length ?? 0) > length)
    return problem(
      `a hash of ${String(rule.length ?? LEAST_HASH)} digits does not fit \`${place.column.columnType}\``,
      "Make it shorter, or clear the column.",
    );
  return expression(
    maskSql({ mask: "hash", length, seeding: seedingOf(place.column) }, rawText(place.column.name), { person: personOf(rule), room: null }),
  );
};

/** What the database tells apart has different hashes, what is equal to it the same. */
export function seedingOf(column: ColumnSchema): Seeding {
  return column.collation === null || /_(bin|cs)$/.test(column.collation) ? "exact" : "same-when-equal";
}

const LEAST_EMAIL = 25;

/** An address that nobody has, in its shortest form at least. */
export const emailArm: ArmCompiler = (rule, place) => {
  if (!isTextual(place)) return misfit(rule, place);
  const room = asciiRoomOf(place.column);
  if (room !== null && room < LEAST_EMAIL)
    return problem(`an address needs ${String(LEAST_EMAIL)} characters and \`${place.column.columnType}\` has fewer`, "Use `clear`.");
  return expression(maskSql(emailMask(room), rawText(place.column.name), { person: personOf(rule), room: null }));
};

/** One known password for everybody who has one. */
export const passwordArm: ArmCompiler = (rule, place) => {
  const value = passwordOf(rule.scheme ?? "bcrypt");
  const room = asciiRoomOf(place.column);
  if (!isTextual(place) || (room !== null && room < value.length))
    return problem(
      `a password's hash has ${String(value.length)} characters and does not fit \`${place.column.columnType}\``,
      "Use another `scheme`, or `clear`.",
    );
  return expression(unlessEmpty(rawText(place.column.name), text(value)));
};
