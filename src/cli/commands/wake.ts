import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { SITE_ARGUMENT, SITE_DESCRIPTION } from "./site-argument.ts";
import { withReporter } from "./with-reporter.ts";

/** `howdah wake`: starts a site that sleeps, as a visitor would. */
export function wakeCommand(program: Command, choose: Choose): void {
  program
    .command("wake")
    .argument(SITE_ARGUMENT, SITE_DESCRIPTION)
    .summary("wake a site that sleeps, as a visitor would")
    .addHelpText("after", "\nExamples:\n  howdah wake blog\n\nIt counts as a visit. A site that can't be woken gives its reason.")
    .action((given: string | undefined) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { findRecord } = await import("../../workflows/find-record.ts");
          const { wakeSite } = await import("../../workflows/idle/wake-site.ts");
          const record = await findRecord(given, context.directory, ports);
          const slept = await wakeSite(record, ports, engine);
          context.terminal.out(
            context.flags.output === "json"
              ? `${JSON.stringify({ name: record.namespace, state: "awake", slept })}\n`
              : `${record.namespace} ${slept ? "is awake" : "did not sleep"}: ${record.url}\n`,
          );
          return 0;
        }),
      );
    });
}
