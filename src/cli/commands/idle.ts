import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { SITE_ARGUMENT, SITE_DESCRIPTION } from "./site-argument.ts";
import { withReporter } from "./with-reporter.ts";

/** `howdah idle`: puts a site to sleep now. */
export function idleCommand(program: Command, choose: Choose): void {
  program
    .command("idle")
    .argument(SITE_ARGUMENT, SITE_DESCRIPTION)
    .summary("put a site to sleep now: its memory is freed, the next visit wakes it")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah idle blog\n\nWith `spec.scale.idle.after` in the site file it happens by itself when nobody visits the site.",
    )
    .action((given: string | undefined) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { findRecord } = await import("../../workflows/find-record.ts");
          const { restSite } = await import("../../workflows/idle/rest-site.ts");
          const record = await findRecord(given, context.directory, ports);
          await restSite(record, ports, engine);
          context.terminal.out(
            context.flags.output === "json"
              ? `${JSON.stringify({ name: record.namespace, state: "idle" })}\n`
              : `${record.namespace} sleeps. The next visit wakes it, or \`howdah wake ${record.namespace}\`.\n`,
          );
          return 0;
        }),
      );
    });
}
