import type { TestOutcome } from "../../workflows/test/test-site.ts";
import type { CliContext } from "../context.ts";
import { seconds } from "./duration.ts";
import { styleFor } from "./style.ts";
import { table } from "./table.ts";
import { terminalText } from "./terminal-text.ts";

type Result = TestOutcome["results"][number];

/** What failing versions printed, whole, then a line for each version. Answers the exit code. */
export function printTests(outcome: TestOutcome, { terminal, flags }: CliContext): number {
  const code = outcome.passed ? 0 : 1;
  if (flags.output === "json") {
    terminal.out(`${JSON.stringify(outcome, null, 2)}\n`);
    return code;
  }
  const style = styleFor(terminal.color);
  for (const result of outcome.results.filter(({ outcome: is }) => is !== "passed")) {
    terminal.out(`${style.bold(`--- PHP ${result.php}: ${outcome.command.map((word) => terminalText(word)).join(" ")}`)}\n`);
    // line by line: a million of them are more than one text can be
    for (const line of result.output) terminal.out(`${terminalText(line)}\n`);
  }
  terminal.out(
    table(outcome.results.map((result) => [`PHP ${result.php}`, words(result), seconds(result.seconds * 1000), detail(result)])),
  );
  return code;
}

function words({ outcome }: Result): string {
  return { passed: "passed", failed: "failed", "timed-out": "timed out", "not-run": "not run" }[outcome];
}

function detail({ exitCode, why, report, outcome }: Result): string {
  const parts = [outcome === "failed" ? `exit code ${String(exitCode)}` : "", why ?? "", report === null ? "" : report];
  return parts.filter((part) => part !== "").join(", ");
}
