import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { printPlan } from "../report/print-plan.ts";
import { printUp } from "../report/print-up.ts";
import { withReporter } from "./with-reporter.ts";

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
    .addHelpText(
      "after",
      '\nExamples:\n  howdah deploy\n  howdah deploy ./shop -m "New price list"\n  howdah deploy blog --output json | jq .answeringMs\n  howdah rollback            # when it was a mistake\n\nCtrl-C before the switch leaves the former release as it was.',
    )
    .action((given: string, flags: { readonly message?: string; readonly dryRun: boolean }) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { runUp } = await import("../../workflows/up/run-up.ts");
          const command = { given, directory: context.directory, verb: "deploy", tls: false, adopt: false, ...flags } as const;
          const outcome = await runUp(command, ports, engine);
          return outcome.kind === "plan" ? printPlan(outcome, context) : printUp(outcome, context);
        }),
      );
    });
}
