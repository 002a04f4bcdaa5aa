import { number, sql, text } from "../../kernel/sql.ts";
import { shiftSql } from "../masks/value-masks.ts";
import { kindOf } from "./column-kind.ts";
import { type ArmCompiler, expression, isTextual, misfit, raw, rawText, seedOf } from "./place.ts";

const DAY = 86_400;

/** Dates, seconds since 1970, and the fourteen digits that MediaWiki writes. */
export const shiftArm: ArmCompiler = (rule, place) => {
  const { column } = place;
  const value = raw(column.name);
  const shift = shiftSql(seedOf(rule, place, "same-when-equal"), rule.days ?? 30);
  const kind = kindOf(column);
  if (kind === "date") return expression(sql`COALESCE(DATE_ADD(${value}, INTERVAL ${shift} DAY), ${value})`);
  if (kind === "integer") return expression(sql`IF(${value} > ${number(4000 * DAY)}, ${value} + ${shift} * ${number(DAY)}, ${value})`);
  if (!isTextual(place) || (column.length ?? 0) < 14) return misfit(rule, place);
  const stamp = text("%Y%m%d%H%i%s");
  const moved = sql`DATE_FORMAT(DATE_ADD(STR_TO_DATE(${rawText(column.name)}, ${stamp}), INTERVAL ${shift} DAY), ${stamp})`;
  return expression(sql`IF(${rawText(column.name)} REGEXP '^[12][0-9]{13}$', COALESCE(${moved}, ${value}), ${value})`);
};
