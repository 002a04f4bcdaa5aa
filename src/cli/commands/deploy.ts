import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { printPlan } from "../report/print-plan.ts";
import { printUp } from "../report/print-up.ts";
import { watchPrinter } from "../report/print-watch.ts";
import { withReporter } from "./with-reporter.ts";

interface DeployFlags {
  readonly message?: string;
  readonly dryRun: boolean;
  readonly watch: boolean;
  readonly allowPublic: boolean;
}

/** `howdah deploy`: a new release of a site that runs. */
export function deployCommand(program: Command, choose: Choose): void {
  program
    .command("deploy")
    .argument("[site]", "directory, site file or name of a site that runs here", ".")
    .summary("take what changed into service: a new release, without a lost request")
    .description(
      "Makes a release of the code and configuration as they are and takes it into service beside the one that serves. It is asked for a real page before anybody else reaches it. Whatever fails, the former release goes on, and the reason is in `howdah status`.",
    )
    .option("-m, --message <why>", "why, in a few words: kept with the release")
    .option("-n, --dry-run", "print the plan with reasons; change nothing", false)
    .option("-w, --watch", "for development: show files as they are saved, without releases, until Ctrl-C", false)
    .option("--allow-public", "with --watch: also when the way in is open to others than this machine", false)
    .addHelpText(
      "after",
      '\nExamples:\n  howdah deploy\n  howdah deploy ./shop -m "New price list"\n  howdah deploy blog --output json | jq .answeringMs\n  howdah deploy --watch       # a saved file is live at once; Ctrl-C goes back to the release\n  howdah rollback            # when it was a mistake\n\nCtrl-C before the switch leaves the former release as it was.',
    )
    .action((given: string, flags: DeployFlags) => {
      if (flags.watch) return choose((context) => watch(given, flags, context));
      if (flags.allowPublic) throw new HowdahError("usage/invalid", "--allow-public is for --watch");
      return choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { runUp } = await import("../../workflows/up/run-up.ts");
          const { message, dryRun } = flags;
          const why = message === undefined ? {} : { message };
          const command = { given, directory: context.directory, verb: "deploy", tls: false, adopt: false, dryRun, ...why } as const;
          const outcome = await runUp(command, ports, engine);
          return outcome.kind === "plan" ? printPlan(outcome, context) : printUp(outcome, context);
        }),
      );
    });
}

function watch(given: string, { message, dryRun, allowPublic }: DeployFlags, context: CliContext): Promise<number> {
  if (message !== undefined || dryRun)
    throw new HowdahError(
      "usage/invalid",
      `--watch makes no release: ${dryRun ? "--dry-run" : "--message"} is for \`howdah deploy\` without it`,
    );
  return withReporter(context, async (ports, engine) => {
    const { watchSite } = await import("../../workflows/watch/watch-site.ts");
    const report = watchPrinter(context, () => ports.clock.now());
    await watchSite({ given, directory: context.directory, allowPublic }, ports, engine, report);
    return 0;
  });
}
