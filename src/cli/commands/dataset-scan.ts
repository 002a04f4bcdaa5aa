import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Choose } from "../program.ts";
import { SITE_ARGUMENT, SITE_DESCRIPTION } from "./site-argument.ts";

/** `howdah dataset scan`: rules for what has none, with what speaks for each. */
export function datasetScan(dataset: Command, choose: Choose): void {
  dataset
    .command("scan")
    .argument(SITE_ARGUMENT, SITE_DESCRIPTION)
    .summary("propose rules for tables and columns that have none, from their names, types and values")
    .option("--write", "put them into the site file (the former one is kept beside it as .bak)", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah dataset scan shop\n  howdah dataset scan shop --write\n  howdah dataset scan shop --output json",
    )
    .action((given: string | undefined, flags: { readonly write: boolean }) => {
      choose(async (context) => {
        const { withDatasets } = await import("../../workflows/dataset/dataset-ports.ts");
        const { requireRoot } = await import("../../workflows/up/check-machine.ts");
        const { findRecord } = await import("../../workflows/find-record.ts");
        const { scanDataset } = await import("../../workflows/dataset/scan/scan-dataset.ts");
        const { withProposal } = await import("../../workflows/dataset/scan/print-proposal.ts");
        const ports = withDatasets(await context.ports());
        await requireRoot(ports);
        const found = await scanDataset(await findRecord(given, context.directory, ports), ports);
        const complete = Object.keys(found.proposed).length === 0;
        if (flags.write && !complete) {
          const text = await ports.files.read(found.file);
          if (text === undefined) throw new HowdahError("site/not-found", `There is no ${found.file}`);
          await ports.files.write(found.file, withProposal(text, found.proposed, found.evidence), { backup: true });
        }
        const next = flags.write
          ? `Written to ${found.file}. Read the rules, then \`howdah dataset breed ${found.site}\`.\n`
          : `\nRead them, then put them below \`spec:\` of ${found.file}, or let \`--write\` do it.\n`;
        const words = complete ? `All ${String(found.tables)} tables of ${found.site} have rules.\n` : `${found.yaml}${next}`;
        context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(found, null, 2)}\n` : words);
        return 0;
      });
    });
}
