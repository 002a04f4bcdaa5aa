import type { ColumnRule } from "../../catalog/dataset-presets/dataset-rules.ts";
import type { Diagnostic } from "../../kernel/diagnostic.ts";
import type { DatabaseSchema, ForeignKey, TableSchema } from "../database-schema.ts";
import type { RuleSet, TableRules } from "../rules/rule-set.ts";
import { casesOf } from "./compile-column.ts";
import { ruleFinding } from "./findings.ts";
import { sameName } from "./place.ts";

/** Foreign keys that would not hold any more: columns that are masked otherwise than what they refer to, and rows that lose what they refer to. */
export function foreignKeyFindings(schema: DatabaseSchema, rules: RuleSet): Diagnostic[] {
  return schema.tables.flatMap((table) => {
    const own = rules.of(table.name);
    if (own === undefined || hasNoRows(own)) return [];
    return table.foreignKeys.flatMap((key) => [...maskedOtherwise(table, key, own, rules), ...leftAlone(table, key, own, rules)]);
  });
}

function hasNoRows(rules: TableRules): boolean {
  return rules.action === "empty" || rules.action === "drop" || rules.rows === "none";
}

function ruleOf(rules: TableRules | undefined, column: string): ColumnRule | undefined {
  return rules?.columns.get(column.toLowerCase())?.rule ?? rules?.others?.strategy ?? (rules?.action === "keep" ? "keep" : undefined);
}

function maskedOtherwise(table: TableSchema, key: ForeignKey, own: TableRules, rules: RuleSet): Diagnostic[] {
  const parent = rules.of(key.table);
  if (parent === undefined) return [];
  return key.columns.flatMap((column, index) => {
    const [mine, theirs] = [ruleOf(own, column), ruleOf(parent, key.references[index] ?? "")];
    if (mine === undefined || theirs === undefined || sameMask(mine, theirs) || isCleared(mine, table, column)) return [];
    const origin = own.columns.get(column.toLowerCase())?.origin ?? own.origin;
    const message = `${table.name}.${column} is masked otherwise than ${key.table}.${key.references[index] ?? ""}, which it refers to`;
    return [ruleFinding("foreign-key", origin, message, "Give both the same strategy, without `per`.")];
  });
}

/** The same value gives the same mask in both, whatever the row. */
function sameMask(mine: ColumnRule, theirs: ColumnRule): boolean {
  const [a, b] = [casesOf(mine), casesOf(theirs)];
  const perRow = [...a, ...b].some((one) => one.per !== undefined || one.when !== undefined || one.use === "template");
  return !perRow && JSON.stringify(a) === JSON.stringify(b);
}

function isCleared(rule: ColumnRule, table: TableSchema, column: string): boolean {
  const nullable = table.columns.find((one) => sameName(one.name, column))?.nullable === true;
  return nullable && casesOf(rule).every(({ use }) => use === "clear");
}

/** A table that loses rows leaves alone those that refer to them. */
function leftAlone(table: TableSchema, key: ForeignKey, own: TableRules, rules: RuleSet): Diagnostic[] {
  const parent = rules.of(key.table);
  const loses = parent !== undefined && (hasNoRows(parent) || typeof parent.rows !== "string");
  if (!loses) return [];
  const cleared = key.columns.some((column) => {
    const rule = ruleOf(own, column);
    return rule !== undefined && isCleared(rule, table, column);
  });
  const follows =
    typeof own.rows === "string" ? [] : (own.rows.where ?? []).flatMap((one) => (one.follows === undefined ? [] : [one.follows]));
  if (cleared || follows.includes(`${key.table}.${key.references[0] ?? ""}`)) return [];
  const message = `rows of ${table.name} refer to rows of ${key.table} that don't stay (${key.name})`;
  return [
    ruleFinding(
      "foreign-key",
      own.origin,
      message,
      `Add \`rows: {where: [{column: ${key.columns[0] ?? ""}, follows: ${key.table}.${key.references[0] ?? ""}}]}\`.`,
    ),
  ];
}
