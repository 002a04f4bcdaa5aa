import { fakes, type MaskRule, type Strategy } from "../../catalog/dataset-presets/dataset-rules.ts";
import { number, type Sql, sql, text } from "../../kernel/sql.ts";
import type { ColumnSchema } from "../database-schema.ts";
import { maskSql, starsSql } from "../masks/value-masks.ts";
import { asciiRoomOf, kindOf, roomOf, takesLetters } from "./column-kind.ts";
import { emailArm, hashArm, passwordArm } from "./keyed-arms.ts";
import {
  type Arm,
  type ArmCompiler,
  type ArmPlace,
  expression,
  isTextual,
  misfit,
  personOf,
  problem,
  raw,
  rawText,
  sameName,
  seedOf,
} from "./place.ts";
import { shiftArm } from "./shift-arm.ts";
import { streamArm } from "./stream-arm.ts";
import { templateSql } from "./template.ts";

/** Compiles one rule for one column. */
export function compileArm(rule: MaskRule, place: ArmPlace): Arm {
  const missing = [rule.per].find((name) => name !== undefined && !place.table.columns.some((column) => sameName(column.name, name)));
  if (missing !== undefined) return problem(`there is no column \`${missing}\``, "Name a column of the same table.");
  const made = compilers[rule.use]?.(rule, place) ?? fakeArm(rule, place);
  return made;
}

const compilers: Readonly<Partial<Record<Strategy, ArmCompiler>>> = {
  keep: (_, { column }) => expression(raw(column.name)),
  clear: (_, { column }) => clearArm(column),
  constant: constantArm,
  template: (rule, place) => {
    if (!isTextual(place)) return misfit(rule, place);
    const made = templateSql(rule, place, seedOf(rule, place, "same-when-equal"));
    return typeof made === "string"
      ? problem(made, "`{hash}`, a fake, or a column that is kept.")
      : expression(cut(made, roomOf(place.column)));
  },
  hash: hashArm,
  mask: (rule, place) =>
    isTextual(place) ? expression(starsSql(rawText(place.column.name), rule.start ?? 0, rule.end ?? 0)) : misfit(rule, place),
  email: emailArm,
  password: passwordArm,
  "shift-date": shiftArm,
  text: streamArm,
  json: streamArm,
  serialized: streamArm,
};

function cut(value: Sql, room: number | null): Sql {
  return room === null ? value : sql`LEFT(${value}, ${number(room)})`;
}

/** NULL where it may be, else what says nothing. */
function clearArm(column: ColumnSchema): Arm {
  if (column.nullable) return expression(sql`NULL`);
  const empty: Partial<Record<ReturnType<typeof kindOf>, Sql>> = {
    text: text(""),
    bytes: text(""),
    integer: number(0),
    number: number(0),
    date: text("1970-01-02"),
    choice: number(1),
  };
  const value = empty[kindOf(column)];
  return value === undefined
    ? problem(`\`clear\` does not fit \`${column.columnType} NOT NULL\``, "Keep it, or drop the rows.")
    : expression(value);
}

function constantArm(rule: MaskRule, place: ArmPlace): Arm {
  const value = String(rule.value ?? "");
  const kind = kindOf(place.column);
  const whole = /^[0-9]{1,15}$/.test(value);
  if ((kind === "integer" || kind === "number") && !whole) return misfit(rule, place, "Give a whole number.");
  const room = place.column.length;
  if (room !== null && kind !== "choice" && (kind === "bytes" ? Buffer.byteLength(value) : value.length) > room)
    return problem(
      `the constant has ${String(value.length)} characters and \`${place.column.columnType}\` holds ${String(room)}`,
      "Shorten it.",
    );
  if (!takesLetters(place.column) && !/^[\u0000-\u007f]*$/.test(value))
    return misfit(rule, place, "Its character set has only ASCII for sure.");
  return expression(kind === "integer" || kind === "number" ? number(Number(value)) : text(value));
}

const ASCII_FAKES: readonly string[] = ["user-name", "postcode", "phone", "ip", "iban", "sentence"];

function fakeArm(rule: MaskRule, place: ArmPlace): Arm {
  const fake = fakes.find((name) => name === rule.use);
  const address = kindOf(place.column) === "address" && fake === "ip";
  if (fake === undefined || (!isTextual(place) && !address)) return misfit(rule, place);
  const ascii = ASCII_FAKES.includes(fake);
  if (!ascii && !takesLetters(place.column))
    return misfit(rule, place, "Its character set has only ASCII for sure: use `hash` or `user-name`.");
  const value = address ? sql`CAST(${raw(place.column.name)} AS CHAR)` : rawText(place.column.name);
  const room = address ? null : ascii ? asciiRoomOf(place.column) : roomOf(place.column);
  return expression(maskSql({ mask: "fake", fake, language: rule.language ?? place.language }, value, { person: personOf(rule), room }));
}
