import { fakes, type Strategy } from "../../catalog/dataset-presets/dataset-rules.ts";
import type { Diagnostic, Path } from "../../kernel/diagnostic.ts";
import { readSchedule } from "../../schedule/schedule.ts";
import { nearest } from "../reading/nearest.ts";
import type { DeclaredSite } from "../schema/site-document.ts";
import { finding, oneOf, type Rule } from "./rule.ts";

type Dataset = NonNullable<DeclaredSite["spec"]["dataset"]>;
type ColumnRule = Exclude<Dataset["tables"][string], string>["columns"] extends infer T
  ? NonNullable<T>[string & keyof NonNullable<T>]
  : never;
type LongRule = Extract<ColumnRule, readonly unknown[]>[number];

function wrong(path: Path, message: string, hint: string): Diagnostic {
  return finding("error", "site/dataset", path, { message, hint });
}

const presetsAreKnown: Rule = ({ spec, catalog }) =>
  (spec.dataset?.presets ?? []).flatMap((name, index) => {
    if (Object.hasOwn(catalog.datasetPresets, name)) return [];
    const names = Object.keys(catalog.datasetPresets).sort();
    const words = { message: `there is no preset \`${name}\` for datasets`, hint: oneOf(names, nearest(name, names)) };
    return [finding("error", "site/unknown-preset", ["dataset", "presets", index], words)];
  });

const tablesHaveADatabase: Rule = ({ spec }) => {
  if (spec.database !== undefined || Object.keys(spec.dataset?.tables ?? {}).length === 0) return [];
  const words = {
    message: "`dataset.tables` needs a database, but `spec.database` is missing",
    hint: "Add `database: {}`, or remove the tables.",
  };
  return [finding("error", "site/needs-database", ["dataset", "tables"], words)];
};

const filesAreOfMounts: Rule = ({ spec }) =>
  (spec.dataset?.files ?? []).flatMap(({ mount }, index) => {
    const mounts = Object.keys(spec.mounts);
    if (mount === undefined || mounts.includes(mount)) return [];
    return [wrong(["dataset", "files", index, "mount"], `there is no mount \`${mount}\``, oneOf(mounts, nearest(mount, mounts)))];
  });

const scheduleComes: Rule = ({ spec }) => {
  const schedule = spec.dataset?.schedule;
  if (schedule === undefined) return [];
  const read = readSchedule(schedule, { site: "", cron: "dataset", timeZone: "UTC" });
  if ("schedule" in read) return [];
  const hint = "Five fields: minute, hour, day, month, weekday; `H` is a value that Howdah spreads.";
  return [finding("error", "site/schedule", ["dataset", "schedule"], { message: read.problem, hint })];
};

/** Strategies to which a field means something. */
const meansSomethingTo: Readonly<Record<string, readonly Strategy[]>> = {
  value: ["constant"],
  template: ["template"],
  length: ["hash"],
  start: ["mask"],
  end: ["mask"],
  days: ["shift-date"],
  scheme: ["password"],
  per: ["shift-date", "template", "email", "hash", ...fakes],
  language: ["template", "json", "serialized", "text", ...fakes],
  paths: ["json", "serialized"],
  otherwise: ["json", "serialized"],
  reason: ["keep"],
};

/** What the strategy can't do without. */
const needs: Readonly<Partial<Record<Strategy, string>>> = { constant: "value", template: "template" };

function ruleFindings(rule: LongRule, path: Path): Diagnostic[] {
  const given = Object.entries(rule).filter(([, value]) => value !== undefined);
  const idle = given.flatMap(([field]) => {
    const fits = meansSomethingTo[field];
    if (fits === undefined || fits.includes(rule.use)) return [];
    return [
      wrong(
        [...path, field],
        `\`${field}\` means nothing with \`use: ${rule.use}\``,
        `It goes with ${fits.slice(0, 4).join(", ")}; remove it.`,
      ),
    ];
  });
  const needed = needs[rule.use];
  const missing = needed !== undefined && !given.some(([field]) => field === needed);
  if (!missing) return idle;
  return [...idle, wrong(path, `\`use: ${rule.use}\` needs \`${needed}\``, `Add \`${needed}: …\`.`)];
}

function columnFindings(rule: ColumnRule, path: Path): Diagnostic[] {
  if (typeof rule === "string") return ruleFindings({ use: rule }, path);
  if (!Array.isArray(rule)) return ruleFindings(rule, path);
  return (rule as readonly LongRule[]).flatMap((one, index, all) => {
    const at = [...path, index];
    const found = ruleFindings(one, at);
    if (one.when === undefined && index < all.length - 1)
      found.push(wrong(at, "a rule without `when` hides those behind it", "Put it last."));
    if (one.when !== undefined && index === all.length - 1)
      found.push(wrong(at, "no rule is left for the other rows", "Add a last one without `when`: `- use: text`."));
    if (one.when !== undefined && one.when.is === undefined && one.when.like === undefined)
      found.push(wrong([...at, "when"], "`when` says which column, but not what it must be", "Add `is: […]` or `like: […]`."));
    return found;
  });
}

const columnsMakeSense: Rule = ({ spec }) =>
  Object.entries(spec.dataset?.tables ?? {}).flatMap(([table, rule]) =>
    typeof rule === "string"
      ? []
      : Object.entries(rule.columns ?? {}).flatMap(([column, one]) => columnFindings(one, ["dataset", "tables", table, "columns", column])),
  );

const rowsMakeSense: Rule = ({ spec }) =>
  Object.entries(spec.dataset?.tables ?? {}).flatMap(([table, rule]) => {
    if (typeof rule === "string" || rule.rows === undefined || typeof rule.rows === "string") return [];
    const path = ["dataset", "tables", table, "rows"];
    const { where, newest } = rule.rows;
    if (where === undefined && newest === undefined)
      return [wrong(path, "`rows` says nothing", "Write `rows: none`, or `where` or `newest` below it.")];
    return (where ?? []).flatMap((condition, index) =>
      Object.values(condition).filter((value) => value !== undefined).length > 1
        ? []
        : [
            wrong(
              [...path, "where", index],
              "the condition says which column, but not what it must be",
              "Add `is`, `not`, `like`, `notLike`, `newerThanDays` or `follows`.",
            ),
          ],
    );
  });

/** Rules about `spec.dataset`; whether it fits the database is asked when the database is known. */
export const datasetRules: readonly Rule[] = [
  presetsAreKnown,
  tablesHaveADatabase,
  filesAreOfMounts,
  scheduleComes,
  columnsMakeSense,
  rowsMakeSense,
];
