import type { Command } from "commander";
import type { EnvironmentRecord } from "../../workflows/environment/environment.ts";
import type { Ports } from "../../workflows/ports.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { printEnvironment, printEnvironments, printMade } from "../report/print-environments.ts";
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
      "An environment is a copy of a site with a name, hostname, network, database server, volumes and secrets of its own. Its data is a copy of the site's golden dataset that takes no time and no room; nothing of production's secrets is in it, and it can't call out. Every command that takes a site takes SITE--NAME.",
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
  env
    .command("ls")
    .argument("[site]", "name of a site, its directory or its file (default: all sites)")
    .summary("environments, how they are, what they run, and until when they live")
    .option("--sizes", "count the bytes that only each of them holds", false)
    .addHelpText("after", "\nExamples:\n  howdah env ls\n  howdah env ls shop --sizes\n  howdah env ls --output json")
    .action((given: string | undefined, flags: { readonly sizes: boolean }) => {
      choose(async (context) => {
        const { listEnvironments } = await import("../../workflows/environment/list-environments.ts");
        const { findRecord } = await import("../../workflows/find-record.ts");
        const ports = await context.ports();
        const site = given === undefined ? undefined : (await findRecord(given, context.directory, ports)).namespace;
        printEnvironments(await listEnvironments(site, flags, ports), context, ports.clock.now());
        return 0;
      });
    });
}

function show(env: Command, choose: Choose): void {
  env
    .command("show")
    .argument("<name>", NAME)
    .argument("[site]", SITE)
    .summary("one environment: address, password, code, data, size on the disk")
    .addHelpText("after", "\nExamples:\n  howdah env show review shop\n  howdah env show shop--review --output json | jq -r .url")
    .action((name: string, given: string | undefined) => {
      choose(async (context) => {
        const { showEnvironment } = await import("../../workflows/environment/show-environment.ts");
        const ports = await context.ports();
        printEnvironment(await showEnvironment(await meant(name, given, context, ports), ports), context, ports.clock.now());
        return 0;
      });
    });
}

function open(env: Command, choose: Choose): void {
  env
    .command("open")
    .argument("<name>", NAME)
    .argument("[site]", SITE)
    .summary("wake it if it sleeps, and print its address")
    .addHelpText("after", '\nExamples:\n  howdah env open review shop\n  xdg-open "$(howdah env open shop--review)"')
    .action((name: string, given: string | undefined) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { wakeSite } = await import("../../workflows/idle/wake-site.ts");
          const { showEnvironment } = await import("../../workflows/environment/show-environment.ts");
          const record = await meant(name, given, context, ports);
          await wakeSite(record, ports, engine);
          const { url, password, user } = await showEnvironment(record, ports);
          const login = password === null ? {} : { user, password };
          context.terminal.out(context.flags.output === "json" ? `${JSON.stringify({ url, ...login })}\n` : `${url ?? ""}\n`);
          if (password !== null && context.flags.output !== "json") context.terminal.err(`  user ${user}, password ${password}\n`);
          return 0;
        }),
      );
    });
}

interface ResetFlags {
  readonly yes: boolean;
  readonly to?: string;
}

function resets(env: Command, choose: Choose): void {
  const command = (verb: "reset" | "sync", summary: string, examples: string): Command =>
    env
      .command(verb)
      .argument("<name>", NAME)
      .argument("[site]", SITE)
      .summary(summary)
      .option("-y, --yes", "agree that what was changed in it is lost", false)
      .addHelpText("after", examples);
  command(
    "reset",
    "make it anew from its description, in seconds: the same code on a fresh copy of the same data",
    "\nExamples:\n  howdah env reset review shop --yes\n  howdah env reset shop--review --to current\n\nWhat was changed in its database and files is lost; secrets, hostname and time stay.",
  )
    .option("--to <generation>", "data of this generation instead: `current`, or one that `howdah dataset ls` shows")
    .action((name: string, given: string | undefined, flags: ResetFlags) => {
      choose((context) => again(name, given, { ...flags, newestRelease: false, generation: flags.to ?? null }, context));
    });
  command(
    "sync",
    "bring it to what production has now: the newest release (unless it runs a branch) and the current generation",
    "\nExamples:\n  howdah env sync review shop --yes\n\nWhat was changed in its database and files is lost.",
  ).action((name: string, given: string | undefined, flags: ResetFlags) => {
    choose((context) => again(name, given, { ...flags, newestRelease: true, generation: "current" }, context));
  });
}

async function again(
  name: string,
  given: string | undefined,
  target: { readonly yes: boolean; readonly generation: string | null; readonly newestRelease: boolean },
  context: CliContext,
): Promise<number> {
  return await withReporter(context, async (ports, engine) => {
    const { resetEnvironment } = await import("../../workflows/environment/reset-environment.ts");
    const { namespace, data } = await meant(name, given, context, ports);
    // What began empty has no other generation to go to, unless somebody names one.
    const generation = target.newestRelease && data.kind !== "dataset" ? null : target.generation;
    await confirm(`Throw away what was changed in ${namespace}?`, target.yes, context);
    return printMade(await resetEnvironment(namespace, { generation, newestRelease: target.newestRelease }, ports, engine), context);
  });
}

function extend(env: Command, choose: Choose): void {
  env
    .command("extend")
    .argument("<name>", NAME)
    .argument("[site]", SITE)
    .summary("let it live longer")
    .requiredOption("--ttl <time>", "so long from now on: 12h, 3d, 2w or never")
    .addHelpText("after", "\nExamples:\n  howdah env extend review shop --ttl 1w")
    .action((name: string, given: string | undefined, flags: { readonly ttl: string }) => {
      choose(async (context) => {
        const { extendEnvironment } = await import("../../workflows/environment/extend-environment.ts");
        const ports = await context.ports();
        const { namespace } = await meant(name, given, context, ports);
        const { until } = await extendEnvironment(namespace, flags.ttl, ports);
        const words = until === null ? "until somebody deletes it" : `until ${until}`;
        context.terminal.out(
          context.flags.output === "json" ? `${JSON.stringify({ environment: namespace, until })}\n` : `${namespace} lives ${words}\n`,
        );
        return 0;
      });
    });
}

function remove(env: Command, choose: Choose): void {
  env
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
    .action((name: string, given: string | undefined, flags: { readonly yes: boolean; readonly ifExists: boolean }) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { deleteEnvironment } = await import("../../workflows/environment/delete-environment.ts");
          const found = await meant(name, given, context, ports).catch((error: unknown) => {
            if (flags.ifExists && isUnknown(error)) return undefined;
            throw error;
          });
          if (found === undefined) {
            context.terminal.out(
              context.flags.output === "json" ? `${JSON.stringify({ environment: null, deleted: false })}\n` : `${name} is not there\n`,
            );
            return 0;
          }
          const { namespace } = found;
          await confirm(`Delete ${namespace} with its database and files?`, flags.yes, context);
          await deleteEnvironment(namespace, ports, engine);
          context.terminal.out(
            context.flags.output === "json"
              ? `${JSON.stringify({ environment: namespace, deleted: true })}\n`
              : `${namespace} is deleted\n`,
          );
          return 0;
        }),
      );
    });
}

/** There is no such environment, or not even its site: both mean that nothing is there to delete. */
function isUnknown(error: unknown): boolean {
  return error instanceof HowdahError && (error.code === "environment/unknown" || error.code === "site/unknown");
}
