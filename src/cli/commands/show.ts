import type { Command } from "commander";
import type { Choose } from "../program.ts";

/** `howdah show`: the resolved site, every default filled in. */
export function showCommand(program: Command, choose: Choose): void {
  program
    .command("show")
    .argument("[site]", "directory or site file", ".")
    .summary("print the resolved site: every default filled in")
    .addHelpText("after", "\nExamples:\n  howdah show\n  howdah show ./blog --output json | jq .runtime")
    .action((given: string) => {
      choose(async (context) => {
        const { loadSite } = await import("../../workflows/load-site/load-site.ts");
        const { showSite } = await import("../../site/show.ts");
        const { site } = await loadSite(given, context.directory, await context.files());
        context.terminal.out(showSite(site, context.flags.output === "json" ? "json" : "yaml"));
        return 0;
      });
    });
}
