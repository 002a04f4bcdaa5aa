import { readFileSync } from "node:fs";
import { siteDocument } from "../../site/schema/site-document.ts";
import { compileMaskPlan } from "../compile-mask-plan.ts";
import type { DatabaseSchema } from "../database-schema.ts";
import type { MaskPlan } from "../plan.ts";
import type { DatasetSettings } from "../rules/rule-set.ts";

/** A schema as it was read from a real database. */
export function fixtureSchema(name: "wordpress" | "mediawiki"): DatabaseSchema {
  return JSON.parse(readFileSync(new URL(`${name}-schema.json`, import.meta.url), "utf8")) as DatabaseSchema;
}

/** Settings as the site file gives them. */
export function datasetSettings(dataset: object): DatasetSettings {
  const { spec } = siteDocument.parse({ apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name: "t" }, spec: { dataset } });
  if (spec.dataset === undefined) throw new TypeError("no dataset");
  return spec.dataset;
}

/** A plan of rules as one writes them. */
export function planOf(dataset: object, schema: DatabaseSchema, mounts: readonly string[] = []): MaskPlan {
  return compileMaskPlan({ dataset: datasetSettings(dataset), mounts }, schema);
}
