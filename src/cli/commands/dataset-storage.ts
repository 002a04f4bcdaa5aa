import type { Command } from "commander";
import { confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";

/** `howdah dataset storage`: where datasets and environments lie, and how to undo that. */
export function datasetStorageCommand(dataset: Command, choose: Choose): void {
  const storage = dataset
    .command("storage")
    .summary("where datasets of this machine lie, how they are copied, and what each takes")
    .description(
      "Datasets and environments lie where the disk can copy on write (btrfs, XFS); where it can't, in a file with a file system that can, else they are copied byte by byte. Which of them is chosen the first time a dataset is bred; HOWDAH_DATASET_DRIVER=btrfs|reflink|copy wishes for one, HOWDAH_DATASET_DIR for another directory, HOWDAH_DATASET_GIB bounds the file.",
    )
    .addHelpText("after", "\nExamples:\n  howdah dataset storage\n  howdah dataset storage --output json\n  howdah dataset storage destroy")
    .action(() => {
      choose(async (context) => {
        const { showStorage } = await import("../../workflows/dataset-storage/show-storage.ts");
        const { storageWords } = await import("../report/print-storage.ts");
        const shown = await showStorage(await portsOf(context), context.signal);
        context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(shown ?? null, null, 2)}\n` : storageWords(shown));
        return 0;
      });
    });
  destroy(storage, choose);
}

function destroy(storage: Command, choose: Choose): void {
  storage
    .command("destroy")
    .summary("delete all datasets of this machine and what they lie in: it is as before the first one")
    .option("-y, --yes", "don't ask", false)
    .addHelpText("after", "\nExamples:\n  howdah dataset storage destroy\n  howdah dataset storage destroy --yes --output json")
    .action(({ yes }: { readonly yes: boolean }) => {
      choose(async (context) => {
        const { destroyStorage } = await import("../../workflows/dataset-storage/destroy-storage.ts");
        const ports = await portsOf(context);
        await confirm("Delete all golden datasets of this machine, and the storage that they lie in?", yes, context);
        const destroyed = await destroyStorage(ports);
        const words = destroyed ? "All datasets of this machine are deleted, and what they lay in.\n" : "There was none.\n";
        context.terminal.out(context.flags.output === "json" ? `${JSON.stringify({ destroyed }, null, 2)}\n` : words);
        return 0;
      });
    });
}

async function portsOf(context: CliContext) {
  const { withDatasets } = await import("../../workflows/dataset/dataset-ports.ts");
  const { requireRoot } = await import("../../workflows/up/check-machine.ts");
  const ports = withDatasets(await context.ports());
  await requireRoot(ports);
  return ports;
}
