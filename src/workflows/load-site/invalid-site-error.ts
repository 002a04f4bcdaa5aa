import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Findings } from "./load-site.ts";

/** A site file with errors; carries what printing needs to mark the words. */
export class InvalidSiteError extends HowdahError {
  readonly findings: Findings;

  constructor(findings: Findings) {
    const errors = findings.diagnostics.filter((diagnostic) => diagnostic.severity === "error").length;
    super("site/invalid", `${findings.file} has ${String(errors)} error${errors === 1 ? "" : "s"}`, { diagnostics: findings.diagnostics });
    this.findings = findings;
  }
}
