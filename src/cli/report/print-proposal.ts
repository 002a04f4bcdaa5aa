import { hasErrors } from "../../kernel/diagnostic.ts";
import type { InitResult } from "../../workflows/init/init-site.ts";
import type { CliContext } from "../context.ts";
import { styleFor } from "./style.ts";
import { terminalText } from "./terminal-text.ts";

/** The answer of `init`: the evidence, what a person must know, and where the file is. */
export function printProposal(result: InitResult, context: CliContext): number {
  const { proposal } = result;
  const bad = hasErrors(proposal.diagnostics);
  if (context.terminal.output === "json") {
    context.terminal.out(
      `${JSON.stringify({ site: proposal.site, evidence: proposal.evidence, diagnostics: proposal.diagnostics, ...(result.written ? { file: result.file } : {}) }, null, 2)}\n`,
    );
    return bad ? 65 : 0;
  }
  const style = styleFor(context.terminal.color);
  const width = Math.max(0, ...proposal.evidence.map(({ field }) => field.length));
  for (const { field, value, because, file, line, confidence } of proposal.evidence) {
    const place = file === undefined || because.includes(file) ? "" : ` (${file}${line === undefined ? "" : `:${String(line)}`})`;
    const sure = confidence === "guess" ? style.yellow(" guess") : "";
    context.terminal.err(
      `${style.dim(field.padEnd(width))}  ${style.bold(terminalText(value))} ${terminalText(`${because}${place}`)}${sure}\n`,
    );
  }
  for (const diagnostic of proposal.diagnostics) {
    const paint = diagnostic.severity === "error" ? style.red : diagnostic.severity === "warning" ? style.yellow : style.cyan;
    const place =
      diagnostic.file === undefined ? "" : ` ${diagnostic.file}${diagnostic.line === undefined ? "" : `:${String(diagnostic.line)}`}`;
    context.terminal.err(
      `${paint(diagnostic.severity)}${terminalText(place)} ${terminalText(diagnostic.message)}\n${diagnostic.hint === undefined ? "" : `      ${terminalText(diagnostic.hint)}\n`}`,
    );
  }
  if (result.written)
    context.terminal.err(`${style.green("✓")} wrote ${terminalText(result.file)}. Next: howdah up ${quoted(terminalText(result.file))}\n`);
  else context.terminal.out(result.text);
  return bad ? 65 : 0;
}

/** A path as a person can paste it into a shell. */
function quoted(path: string): string {
  return /^[\w./+:@-]+$/.test(path) ? path : `'${path.replaceAll("'", `'\\''`)}'`;
}
