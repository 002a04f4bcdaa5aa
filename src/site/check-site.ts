import { hasErrors } from "../kernel/diagnostic.ts";
import type { ParsedSite } from "./parse-site.ts";
import { limits } from "./reading/limits.ts";
import { inReadingOrder, type PositionedDiagnostic, positioned } from "./reading/positions.ts";
import { type ResolveOptions, resolveSite } from "./resolve.ts";
import type { Site } from "./site.ts";

/** What a file is worth: the site when it has no errors, and every finding about form and meaning in reading order. */
export interface CheckedSite {
  readonly site?: Site;
  readonly diagnostics: readonly PositionedDiagnostic[];
}

/** Parsed file to resolved site. When the form has errors, the rules still look at the fields that are right, so that people see everything at once. */
export function checkSite(parsed: ParsedSite, options: ResolveOptions): CheckedSite {
  const declared = parsed.site ?? parsed.salvaged;
  if (declared === undefined) return { diagnostics: parsed.diagnostics };
  const resolved = resolveSite(declared, options);
  const found = positioned(resolved.diagnostics, parsed.positions).filter((finding) => !isEcho(finding, parsed));
  const diagnostics = inReadingOrder([...parsed.diagnostics, ...found]).slice(0, limits.diagnostics);
  return resolved.site === undefined || parsed.site === undefined || hasErrors(diagnostics)
    ? { diagnostics }
    : { site: resolved.site, diagnostics };
}

/** A rule's finding at words that the form has marked already says nothing new; nor does one about a field that was taken out. */
function isEcho(finding: PositionedDiagnostic, parsed: ParsedSite): boolean {
  const sections = parsed.diagnostics.map((known) => known.path.slice(0, 2).join("."));
  if (finding.code === "site/needs-php" && sections.includes("spec.runtime")) return true;
  if (finding.code === "site/needs-database" && sections.includes("spec.database")) return true;
  return parsed.diagnostics.some(
    (known) =>
      known.severity === "error" && known.position?.line === finding.position?.line && known.position?.column === finding.position?.column,
  );
}
