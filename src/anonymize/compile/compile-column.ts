import type { ColumnRule, MaskRule, WhenRule } from "../../catalog/dataset-presets/dataset-rules.ts";
import type { Diagnostic } from "../../kernel/diagnostic.ts";
import { number, type Sql, Sql as Piece, sql, text } from "../../kernel/sql.ts";
import { commas } from "../masks/recipe-sql.ts";
import type { ColumnPlan, ColumnStream, StreamMask } from "../plan.ts";
import type { Origin } from "../rules/rule-set.ts";
import { compileArm } from "./arm.ts";
import { ruleFinding } from "./findings.ts";
import { type Arm, type ArmPlace, raw, rawText, sameName } from "./place.ts";

/** A column of the plan without what other columns of its row add to it (contexts), or what is wrong with its rule. */
export interface CompiledColumn {
  readonly plan: ColumnPlan;
  readonly problems: readonly Diagnostic[];
}

/** A rule as the list that it stands for. */
export function casesOf(rule: ColumnRule): readonly WhenRule[] {
  if (typeof rule === "string") return [{ use: rule }];
  return Array.isArray(rule) ? (rule as readonly WhenRule[]) : [rule as MaskRule];
}

/** True when every row keeps its value. */
export function keepsAll(rule: ColumnRule): boolean {
  return casesOf(rule).every(({ use }) => use === "keep");
}

/** Compiles what the rules say of a column: one expression, or several by the kind of row. */
export function compileColumn(rule: ColumnRule, origin: Origin, place: ArmPlace): CompiledColumn {
  const cases = casesOf(rule);
  const compiled = cases.map((one) => ({ one, condition: conditionOf(one, place), arm: compileArm(one, place) }));
  const problems = compiled.flatMap(({ one, condition, arm }) => [
    ...(condition === "no such column"
      ? [
          ruleFinding(
            "not-there",
            origin,
            `${place.table.name} has no column \`${one.when?.column ?? ""}\``,
            "Name a column of the same table.",
          ),
        ]
      : []),
    ...(arm.kind === "problem"
      ? [ruleFinding("does-not-fit", origin, `${place.table.name}.${place.column.name}: ${arm.message}`, arm.hint)]
      : []),
  ]);
  const usable = compiled.flatMap(({ condition, arm }) =>
    condition === "no such column" || arm.kind === "problem" ? [] : [{ condition, arm }],
  );
  const name = place.column.name;
  const strategy = [...new Set(cases.map(named))].join(", ");
  const stream = streamOf(usable);
  const value = choose(
    usable.map(({ condition, arm }) => ({ condition, value: arm.kind === "sql" ? arm.expression : raw(name) })),
    raw(name),
  );
  return {
    plan: { name, strategy, expression: value, text: place.column.charset !== null, ...(stream === undefined ? {} : { stream }) },
    problems,
  };
}

function named({ use, per }: MaskRule): string {
  return per === undefined ? use : `${use} per ${per}`;
}

type Usable = { readonly condition: Sql | undefined; readonly arm: Exclude<Arm, { kind: "problem" }> };

function streamOf(usable: readonly Usable[]): ColumnStream | undefined {
  const masks: StreamMask[] = [];
  const arms = usable.map(({ condition, arm }) => {
    if (arm.kind === "sql") return { condition, value: number(0) };
    masks.push(arm.mask);
    return { condition, value: number(masks.length) };
  });
  return masks.length === 0 ? undefined : { arm: choose(arms, number(0)), masks, context: [] };
}

/** CASE, or the one value that there is. */
function choose(values: readonly { readonly condition: Sql | undefined; readonly value: Sql }[], otherwise: Sql): Sql {
  const last = values.find(({ condition }) => condition === undefined)?.value ?? otherwise;
  const whens = values.flatMap(({ condition, value }) => (condition === undefined ? [] : [sql` WHEN ${condition} THEN ${value}`]));
  return whens.length === 0 ? last : sql`CASE${new Piece(whens.map((when) => when.text).join(""))} ELSE ${last} END`;
}

function conditionOf({ when }: WhenRule, { table }: ArmPlace): Sql | undefined | "no such column" {
  if (when === undefined) return undefined;
  const column = table.columns.find(({ name }) => sameName(name, when.column));
  if (column === undefined) return "no such column";
  const value = rawText(column.name);
  const tests = [
    ...(when.is === undefined ? [] : [sql`${value} IN (${commas(when.is.map(text))})`]),
    ...(when.like ?? []).map((pattern) => sql`${value} LIKE ${text(pattern)}`),
  ];
  return sql`(${new Piece(tests.map((test) => test.text).join(" OR "))})`;
}
