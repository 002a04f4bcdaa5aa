import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { SITE_ARGUMENT, SITE_DESCRIPTION } from "./site-argument.ts";
import { withReporter } from "./with-reporter.ts";

/** `howdah down`: stops a site; everything stays for `up`. */
export function downCommand(program: Command, choose: Choose): void {
  program
    .command("down")
    .argument(SITE_ARGUMENT, SITE_DESCRIPTION)
    .summary("stop a site; its data and place stay, `up` brings it back")
    .addHelpText("after", "\nExamples:\n  howdah down blog")
    .action((given: string | undefined) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { findRecord } = await import("../../workflows/find-record.ts");
          const { takeDown } = await import("../../workflows/lifecycle/take-down.ts");
          const record = await findRecord(given, context.directory, ports);
          await takeDown(record, ports, engine);
          context.terminal.out(
            context.flags.output === "json"
              ? `${JSON.stringify({ name: record.namespace, state: "down" })}\n`
              : `${record.namespace} is stopped. \`howdah up ${record.file}\` brings it back.\n`,
          );
          return 0;
        }),
      );
    });
}
