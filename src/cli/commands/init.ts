import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { printProposal } from "../report/print-proposal.ts";

interface InitFlags {
  readonly yes: boolean;
  readonly dryRun: boolean;
  readonly force: boolean;
  readonly name?: string;
}

/** `howdah init`: an existing tree to a site file, with the evidence for every field. */
export function initCommand(program: Command, choose: Choose): void {
  program
    .command("init")
    .argument("[directory]", "directory with the site's code", ".")
    .summary("write a site file from what the code shows, with the evidence")
    .description(
      "Reads a tree (never runs its code), proposes a site file and says why for every field. The file is then the truth: edit it as you like.",
    )
    .option("-y, --yes", "ask nothing", false)
    .option("-n, --dry-run", "print, write nothing", false)
    .option("--force", "replace a site file; the old one is kept as howdah.yaml.bak", false)
    .option("--name <name>", "the site's name (default: the directory's)")
    .addHelpText(
      "after",
      '\nExamples:\n  howdah init ./wordpress\n  howdah init ./shop --yes --dry-run --output json\n\nThe JSON answer is { "site": …, "evidence": […], "diagnostics": […] }.',
    )
    .action((given: string, flags: InitFlags) => {
      choose(async (context) => {
        const { initSite } = await import("../../workflows/init/init-site.ts");
        const ask =
          flags.yes || flags.dryRun || !context.terminal.interactive || context.flags.output === "json"
            ? undefined
            : (await import("../ask.ts")).askAbout;
        return printProposal(
          await initSite({ given, directory: context.directory, ...flags, ask }, { files: await context.files() }),
          context,
        );
      });
    });
}
