import type { Diagnostic } from "../kernel/diagnostic.ts";
import { dataRules } from "./rules/data-rules.ts";
import { datasetRules } from "./rules/dataset-rules.ts";
import { environmentRules } from "./rules/environment-rules.ts";
import type { Rule } from "./rules/rule.ts";
import { runtimeRules } from "./rules/runtime-rules.ts";
import { webRules } from "./rules/web-rules.ts";
import type { DeclaredSite } from "./schema/site-document.ts";
import { type SiteCatalog, siteCatalog } from "./site-catalog.ts";

/** Every rule, in the order of the file's sections. */
export const siteRules: readonly Rule[] = [...runtimeRules, ...webRules, ...dataRules, ...datasetRules, ...environmentRules];

/** What the schema can't see: unknown versions, missing counterparts, things that contradict one another. All at once. */
export function checkRules(declared: DeclaredSite, catalog: SiteCatalog = siteCatalog): Diagnostic[] {
  return siteRules.flatMap((rule) => rule({ spec: declared.spec, catalog }));
}
