import { dirname, resolve } from "node:path";
import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { printFindings } from "../report/print-findings.ts";

/** `howdah check`: everything that is wrong with a site file, at once. */
export function checkCommand(program: Command, choose: Choose): void {
  program
    .command("check")
    .argument("[site]", "directory or site file", ".")
    .summary("check a site file: all findings at once, with line and column")
    .option("--migrations", "judge the migration files too: what would break the release that serves while they run", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah check\n  howdah check ./blog --output json\n  howdah check ./shop --migrations\n\nExit code: 0 without errors (warnings are no errors), 65 with.",
    )
    .action((given: string, flags: { readonly migrations: boolean }) => {
      choose(async (context) => {
        const { loadFindings } = await import("../../workflows/load-site/load-site.ts");
        const files = await context.files();
        const findings = await loadFindings(given, context.directory, files);
        const { site } = findings;
        if (!flags.migrations || site === undefined) return printFindings(findings, context);
        const { judgeTree } = await import("../../workflows/rollout/check-migrations.ts");
        const unsafe = await judgeTree(resolve(dirname(findings.file), site.source), site.migration.watch, files);
        return printFindings({ ...findings, diagnostics: [...findings.diagnostics, ...unsafe] }, context);
      });
    });
}
