import { datasetPresets } from "../catalog/dataset-presets/dataset-presets.ts";
import type { DatasetPreset } from "../catalog/dataset-presets/dataset-rules.ts";
import type { Diagnostic } from "../kernel/diagnostic.ts";
import { compileFiles } from "./compile/compile-files.ts";
import { compileTable } from "./compile/compile-table.ts";
import { ruleFinding } from "./compile/findings.ts";
import { foreignKeyFindings } from "./compile/foreign-keys.ts";
import { sameName } from "./compile/place.ts";
import type { DatabaseSchema } from "./database-schema.ts";
import type { MaskPlan } from "./plan.ts";
import { type DatasetSettings, matchesPattern, type RuleSet, ruleSet } from "./rules/rule-set.ts";

/** What a plan is compiled from. */
export interface MaskRules {
  readonly dataset: DatasetSettings;
  /** Paths of the site's mounts that live on (`storage: shared`): their files are part of a dataset. */
  readonly mounts: readonly string[];
}

/**
 * Settles what becomes of every table, column and file, and finds what the rules don't know, what would not fit and what would break: in
 * milliseconds, before any long work. Pure: the same rules and schema give the same plan.
 */
export function compileMaskPlan(
  { dataset, mounts }: MaskRules,
  schema: DatabaseSchema,
  presets: Readonly<Record<string, DatasetPreset>> = datasetPresets,
): MaskPlan {
  const rules = ruleSet(dataset, presets);
  const compiled = schema.tables.map((table) => compileTable(table, { rules, schema, language: dataset.language }));
  const files = compileFiles(rules, mounts);
  return {
    tables: compiled.map(({ plan }) => plan).sort((a, b) => rowsOf(schema, b.name) - rowsOf(schema, a.name) || (a.name < b.name ? -1 : 1)),
    files: files.files,
    unknown: compiled.flatMap(({ unknown }) => unknown),
    problems: [
      ...namedFindings(rules, schema),
      ...compiled.flatMap(({ problems }) => problems),
      ...foreignKeyFindings(schema, rules),
      ...files.problems,
    ],
    kept: compiled.flatMap(({ kept }) => kept),
  };
}

function rowsOf(schema: DatabaseSchema, name: string): number {
  return schema.tables.find((table) => table.name === name)?.rows ?? 0;
}

/** Tables and columns that the site file names and that are not there: a slip of the pen would leave the real ones to others' rules. */
function namedFindings(rules: RuleSet, schema: DatabaseSchema): Diagnostic[] {
  return rules.named.flatMap(({ table, column, path }) => {
    const found = schema.tables.filter(({ name }) => matchesPattern(table, name));
    if (found.length === 0 && column === undefined && !table.includes("*"))
      return [ruleFinding("not-there", { path }, `the database has no table \`${table}\``, "Correct the name, or remove the rule.")];
    if (column === undefined || found.length === 0 || found.some(({ columns }) => columns.some(({ name }) => sameName(name, column))))
      return [];
    return [
      ruleFinding("not-there", { path }, `the table \`${table}\` has no column \`${column}\``, "Correct the name, or remove the rule."),
    ];
  });
}
