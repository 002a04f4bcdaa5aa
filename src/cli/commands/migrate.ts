import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Choose } from "../program.ts";
import { table } from "../report/table.ts";
import { SITE_ARGUMENT, SITE_DESCRIPTION } from "./site-argument.ts";
import { withReporter } from "./with-reporter.ts";

/** `howdah migrate`: what the ledger says of a site's migrations, and a person's decision about one that was cut off. */
export function migrateCommand(program: Command, choose: Choose): void {
  program
    .command("migrate")
    .argument(SITE_ARGUMENT, SITE_DESCRIPTION)
    .summary("list migrations; decide about one that was cut off")
    .description(
      "Lists what the site's ledger knows of its installation and migrations. One that was cut off in the middle waits for your decision: Howdah never runs it a second time by itself, unless the site file says `repeatable: true`.",
    )
    .option("--retry", "it may run again from its beginning: the next `howdah up` does", false)
    .option("--mark-done", "it is done, or was finished by hand: it does not run again", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah migrate shop\n  howdah migrate shop --retry && howdah up ./shop\n  howdah migrate shop --mark-done",
    )
    .action((given: string | undefined, flags: { readonly retry: boolean; readonly markDone: boolean }) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          if (flags.retry && flags.markDone) throw new HowdahError("usage/invalid", "--retry and --mark-done exclude one another");
          const { findRecord } = await import("../../workflows/find-record.ts");
          const { decideMigration, readLedger } = await import("../../workflows/rollout/ledger.ts");
          const record = await findRecord(given, context.directory, ports);
          const json = context.flags.output === "json";
          if (!flags.retry && !flags.markDone) {
            const rows = await readLedger(record, ports, engine);
            const cells = rows.map(({ step, state, attempts, at }) => [step, state, String(attempts), at]);
            context.terminal.out(json ? `${JSON.stringify(rows, null, 2)}\n` : table([["STEP", "STATE", "ATTEMPTS", "UTC"], ...cells]));
            return 0;
          }
          const decided = await decideMigration(record, flags.retry ? "retry" : "done", ports, engine);
          const words = flags.retry ? "may run again" : "counts as done";
          context.terminal.out(
            json
              ? `${JSON.stringify({ site: record.site.name, decided, as: flags.retry ? "retry" : "done" })}\n`
              : `${decided.join(", ")} ${words}. Next: howdah up ${record.file}\n`,
          );
          return 0;
        }),
      );
    });
}
