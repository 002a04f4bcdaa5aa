import { errorCatalog } from "../../kernel/error-catalog.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { formatDiagnostics } from "../../site/format-diagnostics.ts";
import { InvalidSiteError } from "../../workflows/load-site/invalid-site-error.ts";
import type { Terminal } from "../terminal.ts";
import { nameFailure } from "./name-failure.ts";
import { styleFor } from "./style.ts";
import { terminalText } from "./terminal-text.ts";

/**
 * The one place where failures become words: the sentence, the program's last lines, the next step, the code.
 * With `--output json` one object on stdout. Answers the exit code.
 */
export function printError(error: unknown, terminal: Terminal, options: { readonly aborted: boolean; readonly version: string }): number {
  const named = nameFailure(error, options.aborted);
  const entry = errorCatalog[named.code];
  if (terminal.output === "json") {
    const { code, message, hint, output, diagnostics } = named;
    terminal.out(
      `${JSON.stringify({ error: { code, exit: entry.exit, reason: entry.reason, message, hint, output, diagnostics } }, null, 2)}\n`,
    );
    return entry.exit;
  }
  const style = styleFor(terminal.color);
  const output = named.output.map((line) => `  ${style.dim(terminalText(line))}\n`).join("");
  const findings = findingsOf(named, terminal);
  const bug = named.code === "bug" ? `${style.dim(`howdah ${options.version}`)}\n` : "";
  terminal.err(
    `${findings}${output}${style.red("error")} ${terminalText(named.message)} ${style.dim(`[${named.code}]`)}\n      ${terminalText(named.hint)}\n${bug}`,
  );
  return entry.exit;
}

/** Findings with their places, as `howdah check` prints them; without the file's text only their sentences and hints. */
function findingsOf(error: HowdahError, terminal: Terminal): string {
  if (error instanceof InvalidSiteError) {
    const { file, text, diagnostics } = error.findings;
    return `${formatDiagnostics(diagnostics, { file, text, colour: terminal.color })}\n\n`;
  }
  const hintOf = (hint: string | undefined): string => (hint === undefined ? "" : `    hint: ${terminalText(hint)}\n`);
  return error.diagnostics.map((one) => `  ${one.severity}: ${terminalText(one.message)} [${one.code}]\n${hintOf(one.hint)}`).join("");
}
