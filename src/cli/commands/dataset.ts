import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { type ClusterFlags, clusterOptions, contextOf } from "./cluster-options.ts";
import { datasetScan } from "./dataset-scan.ts";
import { datasetSchedule } from "./dataset-schedule.ts";
import { datasetStorageCommand } from "./dataset-storage.ts";
import { SITE_ARGUMENT, SITE_DESCRIPTION } from "./site-argument.ts";
import { withReporter } from "./with-reporter.ts";

/** `howdah dataset`: a site's data without its people, bred from production again and again. */
export function datasetCommand(program: Command, choose: Choose): void {
  const dataset = program
    .command("dataset")
    .summary("anonymized data of a site for development: scan, breed, ls, report, schedule")
    .description(
      "Breeds golden datasets: the database and the uploads of a site, anonymized by the rules of its site file (`spec.dataset`), from which environments are copied in an instant. Production serves meanwhile, and what is published stays until a new one is whole.\n\nOn a cluster the operator breeds them, as the `Dataset` beside the Site says. Ctrl-C only stops looking.",
    );
  datasetScan(dataset, choose);
  breed(dataset, choose);
  list(dataset, choose);
  show(dataset, choose);
  report(dataset, choose);
  remove(dataset, choose);
  datasetSchedule(dataset, choose);
  datasetStorageCommand(dataset, choose);
}

async function portsOf(context: CliContext) {
  const { withDatasets } = await import("../../workflows/dataset/dataset-ports.ts");
  return withDatasets(await context.ports());
}

function breed(dataset: Command, choose: Choose): void {
  const command = dataset
    .command("breed")
    .argument(SITE_ARGUMENT, SITE_DESCRIPTION)
    .summary("make a new anonymized dataset and publish it")
    .description(
      "Captures the site's tables while it serves, anonymizes them in a server without a network, searches the result for what should not be there, and publishes it by one switch. Columns that no rule knows stop it before it begins.",
    )
    .option("--from-backup [backup]", "from a backup of the whole server instead of the server (default: the newest)")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah dataset breed shop\n  howdah dataset breed shop --from-backup\n  howdah dataset breed shop --from-backup 20261122-030412-a1b2 --output json\n  howdah dataset breed shop --context prod",
    )
    .action((given: string | undefined, flags: ClusterFlags & { readonly fromBackup?: string | true }) => {
      const chosen = contextOf(flags);
      choose(async (context) => {
        if (chosen !== undefined) {
          if (flags.fromBackup !== undefined) throw new HowdahError("usage/invalid", "On a cluster a dataset is bred from the site itself");
          const { breedDatasetThere } = await import("./dataset-there.ts");
          return await breedDatasetThere({ given, flags, chosen }, context);
        }
        return await withReporter(context, async (_ports, engine) => {
          const ports = await rootPorts(context);
          const { findRecord } = await import("../../workflows/find-record.ts");
          const { breedSite } = await import("../../workflows/dataset/breed-site.ts");
          const { generationWords } = await import("../report/print-datasets.ts");
          const { fromBackup } = flags;
          const backup = fromBackup === true ? undefined : fromBackup;
          const wanted = fromBackup === undefined ? ({ from: "site" } as const) : ({ from: "backup", backup } as const);
          const record = await findRecord(given, context.directory, ports);
          const generation = await breedSite(record, wanted, ports, engine);
          return answer(context, generation, generationWords({ generation, holders: [] }));
        });
      });
    });
  clusterOptions(command);
}

async function rootPorts(context: CliContext) {
  const { requireRoot } = await import("../../workflows/up/check-machine.ts");
  const ports = await portsOf(context);
  await requireRoot(ports);
  return ports;
}

function list(dataset: Command, choose: Choose): void {
  const command = dataset
    .command("ls")
    .argument("[site]", "name of a site (default: all)")
    .summary("datasets, how old their data is, and who uses them")
    .option("--all", "also those that are gone", false)
    .addHelpText("after", "\nExamples:\n  howdah dataset ls\n  howdah dataset ls shop --output json\n  howdah dataset ls --context prod")
    .action((site: string | undefined, flags: ClusterFlags & { readonly all: boolean }) => {
      const chosen = contextOf(flags);
      choose(async (context) => {
        if (chosen !== undefined) {
          const { listDatasetsThere } = await import("./dataset-there.ts");
          return await listDatasetsThere({ given: site, flags, chosen }, flags.all, context);
        }
        const { showDatasets } = await import("../../workflows/dataset/show-datasets.ts");
        const { datasetTable } = await import("../report/print-datasets.ts");
        const known = await showDatasets(site, await portsOf(context));
        const shown = known.filter(({ generation }) => flags.all || generation.state !== "reaped");
        return answer(
          context,
          shown.map(({ generation, holders }) => ({ ...generation, holders })),
          datasetTable(shown),
        );
      });
    });
  clusterOptions(command);
}

function show(dataset: Command, choose: Choose): void {
  const command = dataset
    .command("show")
    .argument("<site>", SITE_DESCRIPTION)
    .argument("[generation]", "which one, such as g3 (default: the current one)")
    .summary("where a dataset came from, when, and who uses it")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah dataset show shop\n  howdah dataset show shop g3 --output json\n  howdah dataset show shop --context prod",
    )
    .action((given: string, id: string | undefined, flags: ClusterFlags) => {
      const chosen = contextOf(flags);
      choose(async (context) => {
        if (chosen !== undefined) {
          const { showDatasetThere } = await import("./dataset-there.ts");
          return await showDatasetThere({ given, flags, chosen }, id, context);
        }
        const ports = await portsOf(context);
        const { findRecord } = await import("../../workflows/find-record.ts");
        const { requireGeneration } = await import("../../workflows/dataset/show-datasets.ts");
        const { holdersOf } = await import("../../workflows/dataset/generation.ts");
        const { generationWords } = await import("../report/print-datasets.ts");
        const { namespace } = await findRecord(given, context.directory, ports);
        const generation = await requireGeneration(namespace, id, ports);
        const holders = await holdersOf(generation, ports.datasets);
        return answer(context, { ...generation, holders }, generationWords({ generation, holders }));
      });
    });
  clusterOptions(command);
}

function report(dataset: Command, choose: Choose): void {
  const command = dataset
    .command("report")
    .argument("<site>", SITE_DESCRIPTION)
    .argument("[generation]", "which one, such as g3 (default: the newest that has a report, also a rejected one)")
    .summary("how a dataset was anonymized, table by table, and what was looked at before it was published")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah dataset report shop\n  howdah dataset report shop g3 --output json\n  howdah dataset report shop --context prod",
    )
    .action((given: string, id: string | undefined, flags: ClusterFlags) => {
      const chosen = contextOf(flags);
      choose(async (context) => {
        if (chosen !== undefined) {
          const { reportDatasetThere } = await import("./dataset-there.ts");
          return await reportDatasetThere({ given, flags, chosen }, id, context);
        }
        const ports = await portsOf(context);
        const { findRecord } = await import("../../workflows/find-record.ts");
        const { requireReport } = await import("../../workflows/dataset/show-datasets.ts");
        const { reportWords } = await import("../report/print-datasets.ts");
        const { namespace } = await findRecord(given, context.directory, ports);
        const found = await requireReport(namespace, id, ports);
        return answer(context, found, reportWords(found));
      });
    });
  clusterOptions(command);
}

function remove(dataset: Command, choose: Choose): void {
  const command = dataset
    .command("delete")
    .argument("<site>", "name of a site; it need not be here any more")
    .argument("[generation...]", "which ones, such as g3")
    .summary("delete datasets for good; what environments use stays")
    .option("--all", "all generations that nothing uses, the current one too", false)
    .option("-y, --yes", "don't ask", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah dataset delete shop g3\n  howdah dataset delete shop --all --yes\n  howdah dataset delete shop g3 --context prod",
    )
    .action((site: string, ids: readonly string[], flags: ClusterFlags & { readonly all: boolean; readonly yes: boolean }) => {
      const chosen = contextOf(flags);
      choose(async (context) => {
        if (flags.all === ids.length > 0) throw new HowdahError("usage/invalid", "Name generations, or say --all");
        if (chosen !== undefined) {
          const { deleteDatasetsThere } = await import("./dataset-there.ts");
          return await deleteDatasetsThere({ given: site, flags, chosen }, { ids: flags.all ? "all" : ids, yes: flags.yes }, context);
        }
        const ports = await rootPorts(context);
        const { deleteDatasets } = await import("../../workflows/dataset/delete-datasets.ts");
        const { datasetLock } = await import("../../workflows/dataset/dataset-lock.ts");
        const what = flags.all ? `all datasets of ${site}` : `${ids.join(", ")} of ${site}`;
        await confirm(`Delete ${what} for good?`, flags.yes, context);
        const done = await ports.locks.hold(datasetLock(site), "dataset delete", () =>
          deleteDatasets(site, flags.all ? "all" : ids, ports),
        );
        const kept = done.held.map(({ generation, by }) => `${generation} stays: ${by.join(", ")} use it\n`).join("");
        const gone = done.deleted.length === 0 ? "Nothing was deleted.\n" : `Deleted: ${done.deleted.join(", ")}.\n`;
        return answer(context, done, `${gone}${kept}`);
      });
    });
  clusterOptions(command);
}

function answer(context: CliContext, found: unknown, words: string): number {
  context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(found, null, 2)}\n` : words);
  return 0;
}
