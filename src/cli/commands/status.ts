import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { printStatus } from "../report/print-status.ts";

/** `howdah status`: what runs here and how it is. */
export function statusCommand(program: Command, choose: Choose): void {
  program
    .command("status")
    .argument("[site]", "one site: name, directory or file (default: all)")
    .summary("what runs here: URL, health, release, memory, volumes")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah status\n  howdah status blog --output json\n\nExit code: 0 when everything asked about is ready, 75 when something is not.",
    )
    .action((given: string | undefined) => {
      choose(async (context) => {
        const { siteStatus } = await import("../../workflows/status/site-status.ts");
        const { findRecord } = await import("../../workflows/find-record.ts");
        const { requireRoot } = await import("../../workflows/up/check-machine.ts");
        const ports = await context.ports();
        await requireRoot(ports);
        const records = given === undefined ? await ports.records.list() : [await findRecord(given, context.directory, ports)];
        const statuses = await Promise.all(records.map((record) => siteStatus(record, ports)));
        return printStatus(
          {
            statuses,
            retained: given === undefined ? await ports.retained.list() : [],
            agent: await ports.agent.status(),
            single: given !== undefined,
          },
          context,
        );
      });
    });
}
