import type { DatabaseSchema } from "../../anonymize/database-schema.ts";
import { compileMaskPlan } from "../../anonymize/compile-mask-plan.ts";
import type { MaskPlan } from "../../anonymize/plan.ts";
import { hasErrors } from "../../kernel/diagnostic.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { canonicalJson } from "../../render/rendered.ts";
import { createHash } from "node:crypto";
import type { Site } from "../../site/site.ts";

/** A plan that may be performed, and what it was made of. */
export interface CheckedPlan {
  readonly plan: MaskPlan;
  readonly schema: DatabaseSchema;
  readonly schemaHash: string;
  readonly planHash: string;
}

const TOLD = 40;

/**
 * Compiles the site's rules for a schema, and stops when they don't know all of it: in milliseconds, before a row is read. Errors: `dataset/unclassified` with
 * a rule for each column that has none, `dataset/rules` with what is wrong, `usage/invalid` for a site without rules.
 */
export function checkPlan(site: Site, schema: DatabaseSchema): CheckedPlan {
  const { dataset } = site;
  if (dataset === undefined)
    throw new HowdahError("usage/invalid", `${site.name} has no rules for a dataset: \`spec.dataset\` is not in its site file`, {
      hint: `\`howdah dataset scan ${site.name} --write\` reads its database and writes rules to begin with.`,
    });
  const plan = compileMaskPlan({ dataset, mounts: datasetMounts(site).map(({ path }) => path) }, schema);
  if (hasErrors(plan.problems)) {
    // The sentence says why by itself: it is all that a schedule and the list of generations remember.
    const [first, ...more] = plan.problems.filter(({ severity }) => severity === "error");
    const why = `${first?.message ?? ""}${more.length === 0 ? "" : ` and ${String(more.length)} more`}`;
    throw new HowdahError("dataset/rules", `The rules for the dataset of ${site.name} can't be followed: ${why}`, {
      diagnostics: plan.problems.slice(0, TOLD),
    });
  }
  if (plan.unknown.length > 0) throw unclassified(site.name, plan);
  const estimatesLeftOut = schema.tables.map((table) => ({ ...table, rows: 0 }));
  return { plan, schema, schemaHash: hashOf(estimatesLeftOut), planHash: hashOf(plan) };
}

/** Mounts whose files are part of a dataset. */
export function datasetMounts(site: Site): Site["mounts"] {
  return site.mounts.filter(({ storage }) => storage === "shared");
}

function unclassified(site: string, { unknown }: MaskPlan): HowdahError {
  const names = unknown.map(({ table, column }) => (column === undefined ? table : `${table}.${column}`));
  const more = names.length > 3 ? ` and ${String(names.length - 3)} more` : "";
  return new HowdahError("dataset/unclassified", `No rule says what becomes of ${names.slice(0, 3).join(", ")}${more}`, {
    output: unknown.slice(0, TOLD).map(({ suggestion }) => `a rule that would fit: ${suggestion}`),
    hint: `Add rules to \`spec.dataset\` of ${site}'s site file; \`howdah dataset scan ${site} --write\` adds what it proposes.`,
  });
}

function hashOf(value: unknown): string {
  return createHash("sha256").update(canonicalJson(value)).digest("hex").slice(0, 16);
}
