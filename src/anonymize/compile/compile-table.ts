import type { ColumnRule, DatasetLanguage, Strategy } from "../../catalog/dataset-presets/dataset-rules.ts";
import type { Diagnostic } from "../../kernel/diagnostic.ts";
import type { ColumnSchema, DatabaseSchema, TableSchema } from "../database-schema.ts";
import type { ColumnPlan, KeptColumn, TablePlan, Unknown } from "../plan.ts";
import type { Origin, RuleSet, TableRules } from "../rules/rule-set.ts";
import { columnEvidence } from "../scan/column-names.ts";
import { kindOf } from "./column-kind.ts";
import { casesOf, compileColumn, keepsAll } from "./compile-column.ts";
import { ruleFinding } from "./findings.ts";
import { type ArmPlace, rawText } from "./place.ts";
import { compileRows } from "./rows.ts";
import { uniqueKeyFindings } from "./unique-keys.ts";

/** One table, compiled. */
export interface CompiledTable {
  readonly plan: TablePlan;
  readonly unknown: readonly Unknown[];
  readonly problems: readonly Diagnostic[];
  readonly kept: readonly KeptColumn[];
}

/** What tables are compiled with. */
export interface TableContext {
  readonly rules: RuleSet;
  readonly schema: DatabaseSchema;
  readonly language: DatasetLanguage;
}

const NOTHING = { unknown: [], problems: [], kept: [] } as const;

/** Compiles a table: what no rule knows of it, and otherwise how it is filled. */
export function compileTable(table: TableSchema, context: TableContext): CompiledTable {
  const rules = context.rules.of(table.name);
  const { name } = table;
  if (rules === undefined)
    return {
      ...NOTHING,
      plan: { name, action: "drop-table", columns: [], because: "no rule knows it" },
      unknown: [{ table: name, suggestion: suggestTable(table) }],
    };
  const because = rules.origin.by;
  if (rules.action === "drop") return { ...NOTHING, plan: { name, action: "drop-table", columns: [], because } };
  if (rules.action === "empty" || rules.rows === "none") return { ...NOTHING, plan: { name, action: "drop-rows", columns: [], because } };
  if (rules.action === "keep") return { ...NOTHING, plan: { name, action: "keep", columns: [], because } };
  return compileColumns(table, rules, context);
}

type Settled = Map<string, { readonly rule: ColumnRule; readonly origin: Origin }>;

function compileColumns(table: TableSchema, rules: TableRules, context: TableContext): CompiledTable {
  const inserted = table.columns.filter(({ generated }) => !generated);
  const settled: Settled = new Map(
    inserted.flatMap((column) => {
      const found = rules.columns.get(column.name.toLowerCase()) ?? othersOf(column, rules);
      return found === undefined ? [] : [[column.name.toLowerCase(), found] as const];
    }),
  );
  const unknown = inserted
    .filter(({ name }) => !settled.has(name.toLowerCase()))
    .map((column) => ({ table: table.name, column: column.name, suggestion: suggestColumn(table, column) }));
  const columns = inserted.flatMap((column) => {
    const found = settled.get(column.name.toLowerCase());
    return found === undefined ? [] : [compileColumn(found.rule, found.origin, placeOf(table, column, settled, context.language))];
  });
  const rows = compileRows(table, rules, { schema: context.schema, of: (name) => context.rules.of(name) });
  const whole = rows.where === undefined && rows.limit === undefined && [...settled.values()].every(({ rule }) => keepsAll(rule));
  const { where, limit } = rows;
  return {
    plan: {
      name: table.name,
      action: whole && unknown.length === 0 ? "keep" : "rebuild",
      columns: whole && unknown.length === 0 ? [] : withContexts(columns.map(({ plan }) => plan)),
      ...(where === undefined ? {} : { where }),
      ...(limit === undefined ? {} : { limit }),
      because: rules.origin.by,
    },
    unknown,
    problems: [
      ...columns.flatMap(({ problems }) => problems),
      ...uniqueKeyFindings(table, settled),
      ...rows.missing.map((what) =>
        ruleFinding(
          "not-there",
          rules.origin,
          `rows of ${table.name} depend on \`${what}\`, which is not there`,
          "Correct the name, or remove the condition.",
        ),
      ),
    ],
    kept: keptOf(table, settled),
  };
}

/** What is said of columns that are not named: numbers and dates have no text to be scrubbed. */
function othersOf(column: ColumnSchema, { others }: TableRules): { readonly rule: ColumnRule; readonly origin: Origin } | undefined {
  if (others === undefined) return undefined;
  const rule = others.strategy === "text" && !["text", "bytes"].includes(kindOf(column)) ? "keep" : others.strategy;
  return { rule, origin: others.origin };
}

const NAMES: readonly Strategy[] = ["first-name", "last-name", "full-name", "user-name"];

function placeOf(table: TableSchema, column: ColumnSchema, settled: Settled, language: DatasetLanguage): ArmPlace {
  const names = table.columns.filter(({ name }) => {
    const found = settled.get(name.toLowerCase());
    return name !== column.name && found !== undefined && casesOf(found.rule).every(({ use }) => NAMES.includes(use));
  });
  return {
    table,
    column,
    language,
    isKept: (name) => {
      const found = settled.get(name.toLowerCase());
      return found !== undefined && keepsAll(found.rule);
    },
    names: names.map(({ name }) => name),
  };
}

/** Streams need the row's names, raw and masked, to put the same ones into its texts. */
function withContexts(plans: readonly ColumnPlan[]): ColumnPlan[] {
  return plans.map((plan) => {
    if (plan.stream === undefined) return plan;
    const wanted = new Set(plan.stream.masks.flatMap(({ names }) => names));
    const context = plans
      .filter(({ name }) => wanted.has(name))
      .map(({ name, expression }) => ({ name, raw: rawText(name), masked: expression }));
    return { ...plan, stream: { ...plan.stream, context } };
  });
}

function keptOf(table: TableSchema, settled: Settled): KeptColumn[] {
  return table.columns.flatMap(({ name }) => {
    const cases = casesOf(settled.get(name.toLowerCase())?.rule ?? "text");
    const [first] = cases;
    const reason = cases.length === 1 && first?.use === "keep" ? first.reason : undefined;
    return reason === undefined ? [] : [{ table: table.name, column: name, reason }];
  });
}

/** A rule as one would write it. */
function suggestColumn(table: TableSchema, column: ColumnSchema): string {
  return `${table.name}.columns.${column.name}: ${columnEvidence(column, table)?.strategy ?? "keep"}`;
}

function suggestTable(table: TableSchema): string {
  const personal = table.columns.some((column) => columnEvidence(column, table) !== undefined);
  const passing = /(^|_)(sessions?|tokens?|logs?|cache|jobs|queue|history|tmp|temp)(_|$)/i.test(table.name);
  return passing
    ? `${table.name}: empty`
    : personal
      ? `${table.name}: {columns: …}, of which \`howdah dataset scan\` has a proposal`
      : `${table.name}: keep`;
}
