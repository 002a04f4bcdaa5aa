import type { ColumnRule, MaskRule } from "../../catalog/dataset-presets/dataset-rules.ts";
import type { Diagnostic } from "../../kernel/diagnostic.ts";
import type { ColumnSchema, TableSchema } from "../database-schema.ts";
import type { Origin } from "../rules/rule-set.ts";
import { asciiRoomOf } from "./column-kind.ts";
import { casesOf } from "./compile-column.ts";
import { ruleFinding } from "./findings.ts";
import { sameName } from "./place.ts";

/** Digits that a hash needs so that a million rows don't collide. */
const DIGITS = 16;

type Rules = ReadonlyMap<string, { readonly rule: ColumnRule; readonly origin: Origin }>;

/** Strategies that could give two rows the same value in a key that must be unique: better said now than after an hour of work. */
export function uniqueKeyFindings(table: TableSchema, rules: Rules): Diagnostic[] {
  return table.uniqueKeys.flatMap((key) =>
    key.columns.flatMap((name, index) => {
      const column = table.columns.find((one) => sameName(one.name, name));
      const found = rules.get(name.toLowerCase());
      if (column === undefined || found === undefined) return [];
      const bad = casesOf(found.rule).find((one) => !staysUnique(one, column, { prefix: key.prefixes[index] ?? null, key: key.columns }));
      if (bad === undefined) return [];
      const message = `${table.name}.${name}: \`${bad.use}\` may give two rows of the unique key \`${key.name}\` the same value`;
      return [
        ruleFinding(
          "not-unique",
          found.origin,
          message,
          `Use \`hash\`, \`user-name\` or \`email\` with room for ${String(DIGITS)} digits, or a template with the row's id.`,
        ),
      ];
    }),
  );
}

interface InKey {
  readonly prefix: number | null;
  readonly key: readonly string[];
}

function staysUnique(rule: MaskRule, column: ColumnSchema, { prefix, key }: InKey): boolean {
  const room = Math.min(asciiRoomOf(column) ?? 1000, prefix ?? 1000);
  const perRow = rule.per === undefined;
  switch (rule.use) {
    case "keep":
      return true;
    case "clear":
      return column.nullable;
    case "hash":
      return perRow && Math.min(rule.length ?? 32, room) >= DIGITS;
    case "email":
      return perRow && room >= (prefix === null ? 1 + DIGITS + "@example.invalid".length : 1 + DIGITS);
    case "user-name":
      return perRow && room >= 23;
    case "template":
      return key.length > 0 && /\{hash(:(1[2-9]|[2-6][0-9]))?\}/.test(rule.template ?? "") ? perRow : namesKey(rule);
    case "shift-date":
      return rule.per !== undefined && key.some((name) => sameName(name, rule.per ?? ""));
    default:
      return false;
  }
}

/** A template with a column of the row is taken to name the row's id. */
function namesKey(rule: MaskRule): boolean {
  return /\{(?!hash)[A-Za-z0-9_]+\}/.test(rule.template ?? "");
}
