import type { Diagnostic, Path } from "../../kernel/diagnostic.ts";
import type { DeclaredSite } from "../schema/site-document.ts";
import type { SiteCatalog } from "../site-catalog.ts";

/** What a rule looks at. */
export interface RuleContext {
  readonly spec: DeclaredSite["spec"];
  readonly catalog: SiteCatalog;
}

/** One decision about a site that the schema can't make: pure, and it finds every place at once. */
export type Rule = (context: RuleContext) => readonly Diagnostic[];

/** A finding of a rule; `path` is below `spec`. */
export function finding(
  severity: Diagnostic["severity"],
  code: Diagnostic["code"],
  path: Path,
  words: { message: string; hint?: string },
): Diagnostic {
  return { code, severity, path: ["spec", ...path], ...words };
}

/** The word that was probably meant, else all that may be used when they are few. */
export function oneOf(choices: readonly string[], near: string | undefined): string {
  if (near !== undefined) return `Did you mean \`${near}\`?`;
  return choices.length === 0 ? "There is none yet." : `Use one of: ${choices.join(", ")}.`;
}
