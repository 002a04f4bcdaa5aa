import type { DatasetLanguage, MaskRule } from "../../catalog/dataset-presets/dataset-rules.ts";
import { identifier, type Sql, sql } from "../../kernel/sql.ts";
import type { ColumnSchema, TableSchema } from "../database-schema.ts";
import { seedSql, type Seeding } from "../masks/seed.ts";
import type { StreamMask } from "../plan.ts";
import { kindOf } from "./column-kind.ts";

/** What becomes of the values that a rule is for: an expression, or a mask for the stream; or why it can't be. */
export type Arm =
  | { readonly kind: "sql"; readonly expression: Sql }
  | { readonly kind: "stream"; readonly mask: StreamMask }
  | { readonly kind: "problem"; readonly message: string; readonly hint: string };

/** Where a rule is used. */
export interface ArmPlace {
  readonly table: TableSchema;
  readonly column: ColumnSchema;
  readonly language: DatasetLanguage;
  /** Whether a column of the table is kept as it is: only such ones may stand in templates. */
  readonly isKept: (column: string) => boolean;
  /** Columns of the table with names of people, which free text of the row may hold. */
  readonly names: readonly string[];
}

/** Makes the arm of one strategy. */
export type ArmCompiler = (rule: MaskRule, place: ArmPlace) => Arm;

/** The value of a column of the raw table. */
export function raw(column: string): Sql {
  return sql`r.${identifier(column)}`;
}

/** The same as text in utf8mb4, whatever it is stored in. */
export function rawText(column: string): Sql {
  return sql`CONVERT(${raw(column)} USING utf8mb4)`;
}

/** Names of columns are the same in whatever case. */
export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

/** A rule that can't be followed. */
export function problem(message: string, hint: string): Arm {
  return { kind: "problem", message, hint };
}

/** A strategy for which the column's type is wrong. */
export function misfit(rule: MaskRule, { column }: ArmPlace, hint = "Choose `keep`, `clear` or `constant`."): Arm {
  return problem(`\`${rule.use}\` does not fit \`${column.columnType}\``, hint);
}

/** A value that SQL makes. */
export function expression(value: Sql): Arm {
  return { kind: "sql", expression: value };
}

/** Text, or bytes that are text to the application. */
export function isTextual({ column }: ArmPlace): boolean {
  return ["text", "bytes"].includes(kindOf(column));
}

/** The person's key, when the rule names one. */
export function personOf(rule: MaskRule): Sql | undefined {
  return rule.per === undefined ? undefined : rawText(rule.per);
}

/** What digests of the column are of. */
export function seedOf(rule: MaskRule, { column }: ArmPlace, seeding: Seeding): Sql {
  return seedSql(rawText(column.name), personOf(rule), seeding);
}
