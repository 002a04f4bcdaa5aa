import type { Command } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { Fault } from "../../workflows/drill/drill-place.ts";
import type { Ports } from "../../workflows/ports.ts";
import { confirm } from "../ask-first.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { secondsFrom } from "../seconds-from.ts";
import { clusterOf, type ThereFlags, thereOption } from "./tenant-there.ts";
import { SITE_ARGUMENT, SITE_DESCRIPTION } from "./site-argument.ts";
import { withReporter } from "./with-reporter.ts";

interface Flags {
  readonly faults: string;
  readonly rounds: string;
  readonly clients: string;
  readonly hold: string;
  readonly maxGap?: string;
  readonly maxErrors?: string;
  readonly yes: boolean;
}

/** `howdah drill`: harms what runs here on purpose, under load, and counts what it cost. */
export function drillCommand(program: Command, choose: Choose): void {
  const drill = program
    .command("drill")
    .summary("harm a server on purpose, under load, and see what it costs")
    .description("Kills and freezes what runs here while clients work, and counts errors, silence and what was lost.");
  database(drill, choose);
  edge(drill, choose);
}

function database(drill: Command, choose: Choose): void {
  const command = thereOption(drill.command("db"))
    .argument("[server]", "a database server that Howdah runs here; with --context one of kind galera there (default: the only one)")
    .summary("a database server: acknowledged writes that are lost, writes applied twice, the longest silence");
  shared(command, "kill,freeze")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah drill db --yes\n  howdah drill db mariadb-11-8 --faults kill --rounds 5 --max-gap 10s --yes\n  howdah drill db --output json --yes > drill.json\n  howdah drill db main --context lab --faults kill,freeze,move --yes\n\nOn a cluster the node that writes is harmed: `move` deletes its pod.\n\nAll sites on the server are without it while it is harmed. The load writes to a database of its own, which is dropped after it.\nExit code 1: something acknowledged was lost, applied twice, or a limit was exceeded.",
    )
    .action((given: string | undefined, flags: Flags & ThereFlags) => {
      const { context: there } = flags;
      if (there !== undefined) return choose((context) => drillThere(given, flags, there, context));
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { chooseServer } = await import("../../workflows/drill/choose-server.ts");
          const { drillServer } = await import("../../workflows/drill/drill-here.ts");
          const options = optionsFrom(flags);
          const drills = drillsOf(ports);
          const server = await chooseServer(given, ports);
          const sites = server.sites.join(", ");
          await confirm(`Harm ${server.name} (${options.faults.join(", ")})? Without it meanwhile: ${sites}.`, flags.yes, context, HARM);
          const clients = { persistent: Math.ceil(options.clients / 2), short: Math.floor(options.clients / 2) };
          const { printDatabaseDrill } = await import("../report/print-drill.ts");
          return printDatabaseDrill(await drillServer(server, { ...options, clients }, { ...ports, drills }, engine), context);
        }),
      );
    });
}

/** `drill db --context`. */
async function drillThere(given: string | undefined, flags: Flags, there: string, context: CliContext): Promise<number> {
  const { chooseServerThere, drillServerThere } = await import("../../workflows/drill/drill-there.ts");
  const { printDatabaseDrill } = await import("../report/print-drill.ts");
  const options = optionsFrom(flags);
  const cluster = await clusterOf(there, context);
  return await withReporter(context, async ({ clusters, clock }, engine) => {
    const ports = await clusters.ports(cluster, SYSTEM_NAMESPACE);
    const server = await chooseServerThere(given, ports);
    const sites = `Sites on ${server.name} of ${cluster.context} are without it meanwhile.`;
    await confirm(`Harm the writer of ${server.name} (${options.faults.join(", ")})? ${sites}`, flags.yes, context, HARM);
    const clients = { persistent: Math.ceil(options.clients / 2), short: Math.floor(options.clients / 2) };
    const wired = { api: cluster.api, ports: { ...ports, drills: drillsOf(ports) } };
    return printDatabaseDrill(await drillServerThere(server, { ...options, clients }, wired, { ...engine, clock }), context);
  });
}

function edge(drill: Command, choose: Choose): void {
  const command = drill
    .command("lb")
    .argument(SITE_ARGUMENT, SITE_DESCRIPTION)
    .summary("the way in of this machine: requests for a site's first page that fail");
  shared(command, "reload,freeze,kill")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah drill lb blog --faults reload --rounds 5 --max-errors 0 --yes\n  howdah drill lb blog --max-gap 10s --yes\n\nNo site of this machine can be reached while the way in is harmed. Exit code 1: a limit was exceeded.",
    )
    .action((given: string | undefined, flags: Flags) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { findRecord } = await import("../../workflows/find-record.ts");
          const { drillWayIn } = await import("../../workflows/drill/drill-here.ts");
          const options = optionsFrom(flags);
          const drills = drillsOf(ports);
          const record = await findRecord(given, context.directory, ports);
          await confirm(`Harm the way in (${options.faults.join(", ")})? No site here can be reached meanwhile.`, flags.yes, context, HARM);
          const { printEdgeDrill } = await import("../report/print-drill.ts");
          return printEdgeDrill(await drillWayIn(record, options, { ...ports, drills }, engine), context);
        }),
      );
    });
}

const HARM = { what: "This harms what runs here", no: "Nothing was harmed" };

function shared(command: Command, faults: string): Command {
  return command
    .option("--faults <list>", `what is done, in this order: ${faults.replaceAll(",", ", ")}`, faults)
    .option("--rounds <number>", "how often the list is gone through", "1")
    .option("--clients <number>", "how many work at the same time", "8")
    .option("--hold <duration>", "how long what is frozen stays so", "3s")
    .option("--max-gap <duration>", "fail when nothing succeeds for longer than this")
    .option("--max-errors <number>", "fail when more requests than this do")
    .option("-y, --yes", "agree to the harm", false);
}

function optionsFrom(flags: Flags) {
  const rounds = whole(flags.rounds, "--rounds", 100);
  const list = flags.faults.split(",").map((fault) => fault.trim() as Fault);
  return {
    faults: Array.from({ length: Math.max(1, rounds) }, () => list).flat(),
    holdMs: secondsFrom(flags.hold, "--hold") * 1000,
    clients: Math.max(2, whole(flags.clients, "--clients", 200)),
    limits: {
      gapMs: flags.maxGap === undefined ? undefined : secondsFrom(flags.maxGap, "--max-gap") * 1000,
      errors: flags.maxErrors === undefined ? undefined : whole(flags.maxErrors, "--max-errors", 1_000_000),
    },
  };
}

function whole(text: string, flag: string, most: number): number {
  if (/^\d{1,7}$/.test(text) && Number(text) <= most) return Number(text);
  throw new HowdahError("usage/invalid", `${flag} is ${JSON.stringify(text)}: it takes a whole number up to ${String(most)}`);
}

function drillsOf(ports: Ports): NonNullable<Ports["drills"]> {
  if (ports.drills !== undefined) return ports.drills;
  throw new HowdahError("usage/invalid", "Drills are for what runs on this machine");
}
