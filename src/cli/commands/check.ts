import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { printFindings } from "../report/print-findings.ts";

/** `howdah check`: everything that is wrong with a site file, at once. */
export function checkCommand(program: Command, choose: Choose): void {
  program
    .command("check")
    .argument("[site]", "directory or site file", ".")
    .summary("check a site file: all findings at once, with line and column")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah check\n  howdah check ./blog --output json\n\nExit code: 0 without errors (warnings are no errors), 65 with.",
    )
    .action((given: string) => {
      choose(async (context) => {
        const { loadFindings } = await import("../../workflows/load-site/load-site.ts");
        const findings = await loadFindings(given, context.directory, await context.files());
        return printFindings(findings, context);
      });
    });
}
