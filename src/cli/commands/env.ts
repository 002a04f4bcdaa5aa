import type { Command } from "commander";
import type { EnvironmentRecord } from "../../workflows/environment/environment.ts";
import type { Ports } from "../../workflows/ports.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { printDeleted, printEnvironment, printEnvironments, printExtended, printMade, printOpened } from "../report/print-environments.ts";
import { type ClusterFlags, clusterOptions, contextOf } from "./cluster-options.ts";
import { deleteThere, extendThere, listThere, resetThere, showThere } from "./env-there.ts";
import { envCreate } from "./env-create.ts";
import { withReporter } from "./with-reporter.ts";

const NAME = "the environment: NAME with its site, or SITE--NAME";
const SITE = "name of the site that runs here, its directory or its file (default: the current directory)";

/** `howdah env`: copies of a site for development and review. */
export function envCommand(program: Command, choose: Choose): void {
  const env = program
    .command("env")
    .summary("environments of a site, for development and review: create, ls, show, open, sync, reset, extend, delete")
    .description(
      "An environment is a copy of a site with a name, hostname, network, database server, volumes and secrets of its own. Its data is a copy of the site's golden dataset that takes no time and no room; nothing of production's secrets is in it, and it can't call out. Every command that takes a site takes SITE--NAME.\n\nOn a cluster an environment is an `Environment` with `spec.data` beside its Site; the operator makes it, in a namespace of its own. Ctrl-C only stops looking.",
    );
  envCreate(env, choose);
  list(env, choose);
  show(env, choose);
  open(env, choose);
  resets(env, choose);
  extend(env, choose);
  remove(env, choose);
}

/** The environment that is meant; a site is known by more than its name. */
async function meant(name: string, given: string | undefined, context: CliContext, ports: Ports): Promise<EnvironmentRecord> {
  const { requireEnvironment } = await import("../../workflows/environment/environment.ts");
  if (given === undefined) return await requireEnvironment(name, undefined, ports);
  const { findRecord } = await import("../../workflows/find-record.ts");
  return await requireEnvironment(name, (await findRecord(given, context.directory, ports)).namespace, ports);
}

function list(env: Command, choose: Choose): void {
  const command = env
    .command("ls")
    .argument("[site]", "name of a site, its directory or its file (default: all sites)")
    .summary("environments, how they are, what they run, and until when they live")
    .option("--sizes", "count the bytes that only each of them holds", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah env ls\n  howdah env ls shop --sizes\n  howdah env ls --output json\n  howdah env ls --context prod",
    )
    .action((given: string | undefined, flags: ClusterFlags & { readonly sizes: boolean }) => {
      const chosen = contextOf(flags);
      choose(async (context) => {
        if (chosen !== undefined) return await listThere({ given, flags, chosen }, context);
        const { listEnvironments } = await import("../../workflows/environment/list-environments.ts");
        const { findRecord } = await import("../../workflows/find-record.ts");
        const ports = await context.ports();
        const site = given === undefined ? undefined : (await findRecord(given, context.directory, ports)).namespace;
        printEnvironments(await listEnvironments(site, flags, ports), context, ports.clock.now());
        return 0;
      });
    });
  clusterOptions(command);
}

function show(env: Command, choose: Choose): void {
  const command = env
    .command("show")
    .argument("<name>", NAME)
    .argument("[site]", SITE)
    .summary("one environment: address, password, code, data, size on the disk")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah env show review shop\n  howdah env show shop--review --output json | jq -r .url\n  howdah env show review shop --context prod",
    )
    .action((name: string, given: string | undefined, flags: ClusterFlags) => {
      const chosen = contextOf(flags);
      choose(async (context) => {
        if (chosen !== undefined) return await showThere({ name, given, flags, chosen }, "show", context);
        const { showEnvironment } = await import("../../workflows/environment/show-environment.ts");
        const ports = await context.ports();
        printEnvironment(await showEnvironment(await meant(name, given, context, ports), ports), context, ports.clock.now());
        return 0;
      });
    });
  clusterOptions(command);
}

function open(env: Command, choose: Choose): void {
  const command = env
    .command("open")
    .argument("<name>", NAME)
    .argument("[site]", SITE)
    .summary("wake it if it sleeps, and print its address")
    .addHelpText("after", '\nExamples:\n  howdah env open review shop\n  xdg-open "$(howdah env open shop--review)"')
    .action((name: string, given: string | undefined, flags: ClusterFlags) => {
      const chosen = contextOf(flags);
      choose(async (context) => {
        if (chosen !== undefined) return await showThere({ name, given, flags, chosen }, "open", context);
        return await withReporter(context, async (ports, engine) => {
          const { wakeSite } = await import("../../workflows/idle/wake-site.ts");
          const { showEnvironment } = await import("../../workflows/environment/show-environment.ts");
          const record = await meant(name, given, context, ports);
          await wakeSite(record, ports, engine);
          printOpened(await showEnvironment(record, ports), context);
          return 0;
        });
      });
    });
  clusterOptions(command);
}

interface ResetFlags extends ClusterFlags {
  readonly yes: boolean;
  readonly wait: string;
  readonly to?: string;
}

function resets(env: Command, choose: Choose): void {
  const command = (verb: "reset" | "sync", summary: string, examples: string): Command =>
    clusterOptions(
      env
        .command(verb)
        .argument("<name>", NAME)
        .argument("[site]", SITE)
        .summary(summary)
        .option("-y, --yes", "agree that what was changed in it is lost", false)
        .option("--wait <time>", "with --context: how long to look until it serves", "10m"),
    ).addHelpText("after", examples);
  command(
    "reset",
    "make it anew from its description, in seconds: the same code on a fresh copy of the same data",
    "\nExamples:\n  howdah env reset review shop --yes\n  howdah env reset shop--review --to current\n  howdah env reset review shop --context prod --yes\n\nWhat was changed in its database and files is lost; secrets, hostname and time stay.",
  )
    .option("--to <generation>", "data of this generation instead: `current`, or one that `howdah dataset ls` shows")
    .action((name: string, given: string | undefined, flags: ResetFlags) => {
      again({ name, given, flags }, { newestRelease: false, generation: flags.to ?? null }, choose);
    });
  command(
    "sync",
    "bring it to what production has now: the newest release (unless it runs a branch) and the current generation",
    "\nExamples:\n  howdah env sync review shop --yes\n\nWhat was changed in its database and files is lost.",
  ).action((name: string, given: string | undefined, flags: ResetFlags) => {
    again({ name, given, flags }, { newestRelease: true, generation: "current" }, choose);
  });
}

function again(
  { name, given, flags }: { readonly name: string; readonly given: string | undefined; readonly flags: ResetFlags },
  target: { readonly generation: string | null; readonly newestRelease: boolean },
  choose: Choose,
): void {
  const chosen = contextOf(flags);
  const { yes, wait } = flags;
  choose(async (context) => {
    if (chosen !== undefined) return await resetThere({ name, given, flags, chosen }, { yes, wait, ...target }, context);
    return await withReporter(context, async (ports, engine) => {
      const { resetEnvironment } = await import("../../workflows/environment/reset-environment.ts");
      const { namespace, data } = await meant(name, given, context, ports);
      // What began empty has no other generation to go to, unless somebody names one.
      const generation = target.newestRelease && data.kind !== "dataset" ? null : target.generation;
      await confirm(`Throw away what was changed in ${namespace}?`, yes, context);
      return printMade(await resetEnvironment(namespace, { ...target, generation }, ports, engine), context);
    });
  });
}

function extend(env: Command, choose: Choose): void {
  const command = env
    .command("extend")
    .argument("<name>", NAME)
    .argument("[site]", SITE)
    .summary("let it live longer")
    .requiredOption("--ttl <time>", "so long from now on: 12h, 3d, 2w or never")
    .addHelpText("after", "\nExamples:\n  howdah env extend review shop --ttl 1w")
    .action((name: string, given: string | undefined, flags: ClusterFlags & { readonly ttl: string }) => {
      const chosen = contextOf(flags);
      choose(async (context) => {
        if (chosen !== undefined) return await extendThere({ name, given, flags, chosen }, flags.ttl, context);
        const { extendEnvironment } = await import("../../workflows/environment/extend-environment.ts");
        const ports = await context.ports();
        const { namespace } = await meant(name, given, context, ports);
        printExtended(namespace, (await extendEnvironment(namespace, flags.ttl, ports)).until, context);
        return 0;
      });
    });
  clusterOptions(command);
}

function remove(env: Command, choose: Choose): void {
  const command = env
    .command("delete")
    .argument("<name>", NAME)
    .argument("[site]", SITE)
    .summary("take it away for good, with its data")
    .option("-y, --yes", "do not ask", false)
    .option("--if-exists", "one that is not there is no error: for pipelines", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah env delete review shop --yes\n\nNothing of it is kept: its data is a copy. The dataset that it was made of stays.",
    )
    .action((name: string, given: string | undefined, flags: DeleteFlags) => {
      const chosen = contextOf(flags);
      const isAbsent = (error: unknown): boolean => flags.ifExists && isUnknown(error);
      choose(async (context) => {
        if (chosen !== undefined) return await deleteThere({ name, given, flags, chosen }, { yes: flags.yes, isAbsent }, context);
        return await withReporter(context, async (ports, engine) => {
          const { deleteEnvironment } = await import("../../workflows/environment/delete-environment.ts");
          const found = await meant(name, given, context, ports).catch((error: unknown) => {
            if (isAbsent(error)) return undefined;
            throw error;
          });
          if (found === undefined) return printDeleted(name, false, context);
          const { namespace } = found;
          await confirm(`Delete ${namespace} with its database and files?`, flags.yes, context);
          await deleteEnvironment(namespace, ports, engine);
          return printDeleted(namespace, true, context);
        });
      });
    });
  clusterOptions(command);
}

interface DeleteFlags extends ClusterFlags {
  readonly yes: boolean;
  readonly ifExists: boolean;
}

/** There is no such environment, or not even its site: both mean that nothing is there to delete. */
function isUnknown(error: unknown): boolean {
  return error instanceof HowdahError && (error.code === "environment/unknown" || error.code === "site/unknown");
}
