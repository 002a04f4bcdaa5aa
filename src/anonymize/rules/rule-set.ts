import type {
  ColumnRule,
  DatasetFileRule,
  DatasetPreset,
  RowsRule,
  Strategy,
  TableRule,
} from "../../catalog/dataset-presets/dataset-rules.ts";
import type { Path } from "../../kernel/diagnostic.ts";
import type { Site } from "../../site/site.ts";

export type DatasetSettings = NonNullable<Site["dataset"]>;

/** Who says a rule: the site file, or a preset that it names. */
export interface Origin {
  /** In the report: `site`, or the preset's name. */
  readonly by: string;
  /** Where in the site file. */
  readonly path: Path;
}

/** What the rules say of one table. */
export interface TableRules {
  readonly action: "keep" | "empty" | "drop" | "columns";
  readonly rows: RowsRule;
  readonly columns: ReadonlyMap<string, { readonly rule: ColumnRule; readonly origin: Origin }>;
  readonly others: { readonly strategy: Strategy; readonly origin: Origin } | undefined;
  readonly origin: Origin;
}

/** One source of rules: the site file first, then its presets in their order. */
interface Layer {
  readonly by: string;
  readonly path: Path;
  find(table: string): readonly { readonly name: string; readonly rule: TableRule }[];
}

/** Rules of a site with its presets, asked for by table. */
export interface RuleSet {
  of(table: string): TableRules | undefined;
  /** Names of tables and columns that the site file itself names: what of it is not there is a mistake. */
  readonly named: readonly { readonly table: string; readonly column?: string; readonly path: Path }[];
  readonly files: readonly (DatasetFileRule & { readonly by: string })[];
}

/** What Howdah itself keeps in a site's database; lines that programs printed may hold anything. */
const OWN_TABLES: DatasetPreset = {
  title: "Howdah",
  prefix: "",
  tables: { howdah_ledger: { columns: { detail: "clear" }, others: "keep" } },
  files: [],
};

/** Puts the site's own rules over those of its presets: a word for a table stands for all of it, columns are taken one by one. */
export function ruleSet(settings: DatasetSettings, presets: Readonly<Record<string, DatasetPreset>>): RuleSet {
  const chosen = settings.presets.flatMap((name, index) => {
    const preset = presets[name];
    return preset === undefined ? [] : [{ name, preset, path: ["spec", "dataset", "presets", index] }];
  });
  const layers: readonly Layer[] = [
    siteLayer(settings.tables),
    ...chosen.map(({ name, preset, path }) => presetLayer(name, preset, settings.prefix ?? preset.prefix, path)),
    presetLayer("howdah", OWN_TABLES, "", TABLES),
  ];
  return {
    of: (table) => merged(layers.flatMap((layer) => layer.find(table).map(({ name, rule }) => ({ layer, name, rule })))),
    named: namedBy(settings.tables),
    files: [
      ...settings.files.map((rule) => ({ ...rule, by: "site" })),
      ...chosen.flatMap(({ name, preset }) => preset.files.map((rule) => ({ ...rule, by: name }))),
    ],
  };
}

const TABLES: Path = ["spec", "dataset", "tables"];

function siteLayer(tables: DatasetSettings["tables"]): Layer {
  const exact = new Map(Object.entries(tables));
  const patterns = Object.entries(tables).filter(([name]) => name.includes("*"));
  return {
    by: "site",
    path: TABLES,
    find(table) {
      const own = exact.get(table);
      const like = patterns.filter(([pattern]) => matchesPattern(pattern, table)).map(([name, rule]) => ({ name, rule }));
      return [...(own === undefined ? [] : [{ name: table, rule: own }]), ...like];
    },
  };
}

function presetLayer(by: string, preset: DatasetPreset, prefix: string, path: Path): Layer {
  return {
    by,
    path,
    find(table) {
      if (!table.startsWith(prefix)) return [];
      const bare = table.slice(prefix.length);
      const name = preset.numbered === true ? bare.replace(/^[0-9]{1,6}_/, "") : bare;
      const own = Object.hasOwn(preset.tables, name) ? preset.tables[name] : undefined;
      const like = Object.entries(preset.tables).filter(([pattern]) => pattern.includes("*") && matchesPattern(pattern, name));
      return [...(own === undefined ? [] : [own]), ...like.map(([, rule]) => rule)].map((rule) => ({
        name,
        rule: withPrefix(rule, prefix),
      }));
    },
  };
}

/** Conditions of presets that follow another table mean the site's table. */
function withPrefix(rule: TableRule, prefix: string): TableRule {
  if (typeof rule === "string" || rule.rows === undefined || typeof rule.rows === "string") return rule;
  const where = rule.rows.where?.map((one) => (one.follows === undefined ? one : { ...one, follows: prefix + one.follows }));
  return { ...rule, rows: { ...rule.rows, where } };
}

/** `*` stands for anything; by hand, since patterns come from site files. */
export function matchesPattern(pattern: string, name: string): boolean {
  const [head = "", ...rest] = pattern.split("*");
  if (rest.length === 0) return pattern === name;
  if (!name.startsWith(head)) return false;
  const tail = rest.pop() ?? "";
  let at = head.length;
  for (const piece of rest) {
    const found = name.indexOf(piece, at);
    if (found < 0) return false;
    at = found + piece.length;
  }
  return name.length - tail.length >= at && name.endsWith(tail);
}

interface Found {
  readonly layer: Layer;
  readonly name: string;
  readonly rule: TableRule;
}

function originOf({ layer, name }: Found, ...below: readonly string[]): Origin {
  return { by: layer.by, path: layer.by === "site" ? [...layer.path, name, ...below] : layer.path };
}

function merged(found: readonly Found[]): TableRules | undefined {
  const [first] = found;
  if (first === undefined) return undefined;
  const origin = originOf(first);
  const empty = { columns: new Map<string, never>(), others: undefined, rows: "all" as const };
  if (typeof first.rule === "string") return { action: first.rule, ...empty, origin };
  const whole = found.findIndex(({ rule }) => typeof rule === "string");
  const maps = whole < 0 ? found : found.slice(0, whole);
  const columns = new Map<string, { rule: ColumnRule; origin: Origin }>();
  let others: TableRules["others"];
  let rows: RowsRule | undefined;
  for (const one of maps) {
    if (typeof one.rule === "string") continue;
    for (const [column, rule] of Object.entries(one.rule.columns ?? {})) {
      if (!columns.has(column.toLowerCase())) columns.set(column.toLowerCase(), { rule, origin: originOf(one, "columns", column) });
    }
    rows ??= one.rule.rows;
    if (others === undefined && one.rule.others !== undefined) others = { strategy: one.rule.others, origin: originOf(one, "others") };
  }
  // A preset that keeps a table whole keeps the columns that the site does not name.
  const under = whole < 0 ? undefined : found[whole];
  if (others === undefined && under?.rule === "keep") others = { strategy: "keep", origin: originOf(under) };
  return { action: "columns", columns, others, rows: rows ?? "all", origin };
}

function namedBy(tables: DatasetSettings["tables"]): RuleSet["named"] {
  return Object.entries(tables).flatMap(([table, rule]) => [
    { table, path: [...TABLES, table] },
    ...(typeof rule === "string"
      ? []
      : Object.keys(rule.columns ?? {}).map((column) => ({ table, column, path: [...TABLES, table, "columns", column] }))),
  ]);
}
