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

/** "Use one of: 7.4, 8.2", with the nearest first when the word looks misspelt. */
export function oneOf(choices: readonly string[], near: string | undefined): string {
  const list = choices.length <= 40 ? `Use one of: ${choices.join(", ")}.` : "";
  return near === undefined ? list : `Did you mean \`${near}\`? ${list}`.trim();
}
