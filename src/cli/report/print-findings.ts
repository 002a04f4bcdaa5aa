import { hasErrors } from "../../kernel/diagnostic.ts";
import { formatDiagnostics } from "../../site/format-diagnostics.ts";
import type { Findings } from "../../workflows/load-site/load-site.ts";
import type { CliContext } from "../context.ts";
import { plural } from "./plural.ts";
import { styleFor } from "./style.ts";

/** The answer of `check`: findings as text or JSON, and the exit code. */
export function printFindings(findings: Findings, context: CliContext): number {
  const { terminal } = context;
  const bad = hasErrors(findings.diagnostics);
  if (terminal.output === "json") {
    terminal.out(`${JSON.stringify({ file: findings.file, valid: !bad, diagnostics: findings.diagnostics }, null, 2)}\n`);
    return bad ? 65 : 0;
  }
  if (findings.diagnostics.length > 0) {
    terminal.out(`${formatDiagnostics(findings.diagnostics, { file: findings.file, text: findings.text, colour: terminal.color })}\n`);
  }
  const style = styleFor(terminal.color);
  const errors = findings.diagnostics.filter((diagnostic) => diagnostic.severity === "error").length;
  const others = findings.diagnostics.length - errors;
  terminal.err(
    bad
      ? `${style.red("✗")} ${plural(errors, "error")}${others > 0 ? `, ${plural(others, "warning")}` : ""}\n`
      : `${style.green("✓")} ${findings.file} is valid\n`,
  );
  return bad ? 65 : 0;
}
