import { datasetPresets } from "../../catalog/dataset-presets/dataset-presets.ts";
import type { DatasetLanguage, Strategy, TableRule } from "../../catalog/dataset-presets/dataset-rules.ts";
import { identifier, list, number, type Sql, sql } from "../../kernel/sql.ts";
import { compileArm } from "../compile/arm.ts";
import { kindOf } from "../compile/column-kind.ts";
import { rawText } from "../compile/place.ts";
import { uniqueKeyFindings } from "../compile/unique-keys.ts";
import type { ColumnSchema, DatabaseSchema, TableSchema } from "../database-schema.ts";
import type { DatasetSettings } from "../rules/rule-set.ts";
import { ruleSet } from "../rules/rule-set.ts";
import { columnEvidence } from "./column-names.ts";
import { valueEvidence } from "./value-evidence.ts";

/** Why a rule is proposed, for a comment above it. */
export interface RuleEvidence {
  /** In the site file: `spec.dataset.tables.users.columns.mail`. */
  readonly field: string;
  readonly because: string;
  readonly confidence: "certain" | "likely" | "guess";
}

/** Rules for what the site's own and its presets do not know. */
export interface RuleProposal {
  readonly presets: readonly string[];
  readonly tables: Readonly<Record<string, TableRule>>;
  readonly evidence: readonly RuleEvidence[];
}

/** Values of a column, by `TABLE.COLUMN`. */
export type Samples = ReadonlyMap<string, readonly string[]>;

/** How many rows of a table are looked at. */
const ROWS = 200;
/** Of long texts the beginning says enough. */
const CHARACTERS = 4000;

/** Asks for some rows of a table: the columns that can hold text, each named as the column. Undefined when there is none. */
export function sampleQuery(table: TableSchema): Sql | undefined {
  const columns = table.columns.filter(isTextual);
  if (columns.length === 0) return undefined;
  const values = list(columns.map(({ name }) => sql`LEFT(${rawText(name)}, ${number(CHARACTERS)}) AS ${identifier(name)}`));
  return sql`SELECT ${values} FROM ${identifier(table.name)} AS r LIMIT ${number(ROWS)}`;
}

function isTextual(column: ColumnSchema): boolean {
  return ["text", "bytes", "address"].includes(kindOf(column));
}

/** Applications by a table that only they have. */
const signs: Readonly<Record<string, RegExp>> = {
  wordpress: /^([A-Za-z0-9_]*)term_relationships$/,
  mediawiki: /^([A-Za-z0-9_]*)slot_roles$/,
  drupal: /^([A-Za-z0-9_]*)users_field_data$/,
  studip: /^()auth_user_md5$/,
  laravel: /^()(?:failed_jobs|personal_access_tokens)$/,
  symfony: /^()(?:doctrine_migration_versions|messenger_messages)$/,
};

/** Presets whose applications' tables are there, with the prefix that they have. */
export function presetsFor(
  schema: DatabaseSchema,
): readonly { readonly preset: string; readonly prefix: string; readonly because: string }[] {
  return Object.entries(signs).flatMap(([preset, sign]) => {
    for (const { name } of schema.tables) {
      const found = sign.exec(name);
      if (found !== null)
        return [{ preset, prefix: found[1] ?? "", because: `the table ${name} is ${datasetPresets[preset]?.title ?? preset}'s` }];
    }
    return [];
  });
}

/** Proposes rules for every table and column that nobody knows, from names, types and samples, with the evidence for each. */
export function proposeRules(schema: DatabaseSchema, samples: Samples, settings: DatasetSettings): RuleProposal {
  const known = ruleSet(settings, datasetPresets);
  const tables: Record<string, TableRule> = {};
  const evidence: RuleEvidence[] = [];
  for (const table of schema.tables) {
    const rules = known.of(table.name);
    if (rules !== undefined && rules.action !== "columns") continue;
    const field = `spec.dataset.tables.${table.name}`;
    const passing = rules === undefined ? passingTable(table.name) : undefined;
    if (passing !== undefined) {
      tables[table.name] = "empty";
      evidence.push({ field, because: `its name is that of ${passing}: nobody needs it elsewhere`, confidence: "likely" });
      continue;
    }
    const open = table.columns.filter(
      ({ name, generated }) => !generated && rules?.others === undefined && rules?.columns.has(name.toLowerCase()) !== true,
    );
    if (open.length === 0) continue;
    const found = open.map((column) => ({ column, ...judge(table, column, { samples, language: settings.language }) }));
    const personal = found.some(({ strategy }) => strategy !== "keep");
    if (!personal && rules === undefined) {
      tables[table.name] = "keep";
      evidence.push({ field, because: `nothing in its ${String(found.length)} columns looks personal`, confidence: "guess" });
      continue;
    }
    tables[table.name] = { columns: Object.fromEntries(found.map(({ column, strategy }) => [column.name, strategy])) };
    for (const { column, strategy, because, confidence } of found) {
      if (strategy !== "keep" || because !== "") evidence.push({ field: `${field}.columns.${column.name}`, because, confidence });
    }
  }
  return { presets: presetsFor(schema).flatMap(({ preset }) => (settings.presets.includes(preset) ? [] : [preset])), tables, evidence };
}

const PASSING: readonly (readonly [RegExp, string])[] = [
  [/(^|_)(sessions?|sitzung(en)?)(_|$)/i, "sessions"],
  [/(^|_)(tokens?|nonces?|password_resets?|otp)(_|$)/i, "tokens"],
  [/(^|_)(logs?|history|audit|watchdog|protokoll|accesslog)(_|$)/i, "a log"],
  [/(^|_)(cache[a-z]*|tmp|temp)(_|$)/i, "a cache"],
  [/(^|_)(jobs?|queues?|failed_jobs|outbox|mail_?queue)(_|$)/i, "a queue"],
];

function passingTable(name: string): string | undefined {
  return PASSING.find(([form]) => form.test(name))?.[1];
}

interface Judged {
  readonly strategy: Strategy;
  readonly because: string;
  readonly confidence: RuleEvidence["confidence"];
}

/** Values say more than names; a name says more than nothing. */
function judge(table: TableSchema, column: ColumnSchema, given: { readonly samples: Samples; readonly language: DatasetLanguage }): Judged {
  const values = valueEvidence(given.samples.get(`${table.name}.${column.name}`) ?? []);
  const name = columnEvidence(column, table);
  const inKey = table.foreignKeys.some(({ columns }) => columns.includes(column.name));
  if (inKey && name === undefined && values === undefined)
    return { strategy: "keep", because: "it refers to another table", confidence: "likely" };
  const both = values !== undefined && name?.strategy === values.strategy;
  const told = values === undefined || (values.strategy === "text" && name !== undefined && name.strategy !== "text") ? name : values;
  if (told === undefined) return { strategy: "keep", because: "", confidence: "guess" };
  const confidence =
    both || (values !== undefined && told === values && values.share >= 90) ? "certain" : told === values ? "likely" : "guess";
  const because = both && name !== undefined ? `${values.because}, and ${name.because}` : told.because;
  return fitting(table, column, { strategy: told.strategy, because, confidence }, given.language);
}

/** What was meant, or the next best that the column can take. */
function fitting(table: TableSchema, column: ColumnSchema, meant: Judged, language: DatasetLanguage): Judged {
  const next: readonly Strategy[] = [meant.strategy, "hash", "clear", "keep"];
  for (const strategy of next) {
    const arm = compileArm({ use: strategy }, { table, column, language, isKept: () => true, names: [] });
    const rules = new Map([[column.name.toLowerCase(), { rule: strategy, origin: { by: "scan", path: [] } }]]);
    if (arm.kind === "problem" || uniqueKeyFindings(table, rules).length > 0) continue;
    return strategy === meant.strategy
      ? meant
      : { ...meant, strategy, because: `${meant.because}; \`${meant.strategy}\` does not fit ${column.columnType}` };
  }
  return { ...meant, strategy: "keep", because: `${meant.because}, but nothing fits ${column.columnType}`, confidence: "guess" };
}
