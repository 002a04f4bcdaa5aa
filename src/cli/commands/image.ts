import type { Command } from "commander";
import type { PrunePlan } from "../../plan/prune/plan-prune.ts";
import { confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { printImage, printImages } from "../report/print-images.ts";
import { printPruned, printPrunePlan, pruneLines } from "../report/print-prune.ts";
import { ageOption } from "./age-option.ts";
import { withReporter } from "./with-reporter.ts";

/** `howdah image`: what images there are, what is in one, and away with what nothing needs. */
export function imageCommand(program: Command, choose: Choose): void {
  const image = program.command("image").summary("images on this machine: list them, look into one, free the space of what nothing needs");
  listCommand(image, choose);
  inspectCommand(image, choose);
  pruneCommand(image, choose);
}

function listCommand(image: Command, choose: Choose): void {
  image
    .command("ls")
    .summary("images with their sizes, and why each is kept")
    .description(
      "Lists the images that Howdah made or fetched here. SIZE is of the whole image, UNIQUE of the layers that no other image of the machine has. KEPT BECAUSE says what needs it; `unused` is what `howdah image prune` would delete.",
    )
    .addHelpText("after", "\nExamples:\n  howdah image ls\n  howdah image ls --output json")
    .action(() => {
      choose(async (context) => {
        const { listMachineImages } = await import("../../workflows/images/list-images.ts");
        return printImages(await listMachineImages(await rootPorts(context), context.signal), context);
      });
    });
}

function inspectCommand(image: Command, choose: Choose): void {
  image
    .command("inspect")
    .argument("<image>", "a name, its last part (`site-shop-php:0123456789abcdef`), or the first digits of an id")
    .summary("layers with sizes, digest, packages, labels, and the releases that use an image")
    .addHelpText("after", "\nExamples:\n  howdah image inspect site-shop-php:0123456789abcdef\n  howdah image inspect 3fa1c2 --output json")
    .action((given: string) => {
      choose(async (context) => {
        const { inspectMachineImage } = await import("../../workflows/images/list-images.ts");
        await rootPorts(context);
        const found = await withReporter(context, (ports, engine) => inspectMachineImage(given, ports, engine));
        return printImage(found, context);
      });
    });
}

interface PruneFlags {
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly olderThan?: number;
}

function pruneCommand(image: Command, choose: Choose): void {
  image
    .command("prune")
    .summary("delete images and caches that nothing needs; names them first")
    .description(
      "Deletes what nothing needs: images of releases that are no longer kept, bases and builders that no site's lock names, layers and packages in the cache that belong to none of the images that stay, compiled code that no pod runs, and what killed processes left. Never deletes what runs, what a stopped, sleeping or destroyed site comes back with, what `howdah rollback` may need, what is being built, or what another instance uses.",
    )
    .option("-n, --dry-run", "print what would be deleted, with reasons; delete nothing", false)
    .option("-y, --yes", "don't ask", false)
    .addOption(ageOption("--older-than <age>", "leave what was stored or used since: `12h`, `7d`, `4w`"))
    .addHelpText(
      "after",
      "\nExamples:\n  howdah image prune --dry-run\n  howdah image prune\n  howdah image prune --yes --older-than 7d\n\nWhat may be of use again for any code (compressed copies of texts, caches of build hooks) is deleted when it was not used for 30 days, or for as long as --older-than says.",
    )
    .action((flags: PruneFlags) => {
      choose((context) => prune(flags, context));
    });
}

async function prune({ dryRun, yes, olderThan }: PruneFlags, context: CliContext): Promise<number> {
  const { planMachinePrune, pruneMachine } = await import("../../workflows/images/prune-machine.ts");
  await rootPorts(context);
  const { plan, world } = await withReporter(context, (ports, engine) => planMachinePrune({ olderThan }, ports, engine));
  if (dryRun) return printPrunePlan(plan, world, context);
  if (plan.images.length + plan.caches.length > 0) await agree(plan, yes, context);
  const done = await withReporter(context, (ports, engine) => pruneMachine(plan, { olderThan }, ports, engine));
  return printPruned(done, context);
}

async function agree(plan: PrunePlan, yes: boolean, context: CliContext): Promise<void> {
  if (context.terminal.output === "text") context.terminal.err(pruneLines(plan, context));
  await confirm("Delete all this?", yes, context);
}

/** The storage is root's: without it, podman would show another one, which is empty. */
async function rootPorts(context: CliContext): Promise<Awaited<ReturnType<CliContext["ports"]>>> {
  const { requireRoot } = await import("../../workflows/up/check-machine.ts");
  const ports = await context.ports();
  await requireRoot(ports);
  return ports;
}
