import { type Command, Option } from "commander";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { DataSource } from "../../workflows/data-move/data-source.ts";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { type ClusterFlags, clusterOptions, contextOf } from "./cluster-options.ts";
import { withReporter } from "./with-reporter.ts";

/** Flags of every way of bringing data into a cluster. */
export interface DataFlags extends ClusterFlags {
  readonly rate?: string;
  readonly delete: boolean;
  readonly checksum: boolean;
  readonly verify: "checksum" | "quick";
  readonly image?: string;
  readonly to?: string;
}

interface MigrateFlags extends DataFlags {
  readonly from?: string;
  readonly fromNode?: string;
  readonly final: boolean;
  readonly yes: boolean;
}

/** `howdah migrate-data`: what an old installation wrote, into a volume of a cluster. */
export function migrateDataCommand(program: Command, choose: Choose): void {
  const command = program
    .command("migrate-data")
    .argument("<site>", "name of a site on the cluster, its directory or its file")
    .argument("[path]", "where to, below a shared mount (default: the site's only one)")
    .summary("bring an existing tree into a site's volume on a cluster")
    .description(
      "Copies an existing tree into a site's volume on a cluster: from a directory of one of its nodes, by a pod there, or from this machine through the API server. Keeps times, modes, hard links, holes of sparse files, ACLs and extended attributes; all files belong to the site's user then. May be killed anywhere and run again: what was brought is not sent twice. Both sides are compared in the end, by checksum, and what differs is listed.",
    )
    .addOption(new Option("--from <dir>", "a directory of this machine").conflicts("fromNode"))
    .option("--from-node <node:/path>", "a directory of a node of the cluster")
    .option("--final", "the last short sync: holds the site, copies what changed, compares, lets visitors in", false)
    .option("-y, --yes", "with --final: don't ask whether the old site is stopped", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah migrate-data blog wp-content/uploads --from-node worker-2:/srv/www/blog/wp-content/uploads --context prod\n  howdah migrate-data blog --from ./uploads --rate 20M --context prod\n  howdah migrate-data blog --from ./uploads --final --context prod    # the cut-over\n\nThe exit code is 65 when both sides differ in the end. Nothing is deleted at the target without --delete.",
    )
    .action((given: string, path: string | undefined, flags: MigrateFlags) => {
      const { name } = clusterOf(flags);
      choose((context) => migrate({ given, path }, flags, name, context));
    });
  dataOptions(command);
}

/** The cluster that was named: data is brought nowhere by accident. Error: `usage/invalid`. */
export function clusterOf(flags: ClusterFlags): { readonly name: string | undefined } {
  const cluster = contextOf(flags);
  if (cluster !== undefined) return cluster;
  throw new HowdahError("usage/invalid", "Which cluster? `--context NAME`; `--context .` is the current one", {
    hint: "Into a site that runs on this machine: `howdah files put`.",
  });
}

/** Flags that every way of bringing data into a cluster has. */
export function dataOptions(command: Command): Command {
  command
    .option("--rate <bytes>", "at most so many bytes a second: 20M, 500k (default: as fast as it goes)")
    .option("--checksum", "compare by content, not by size and time, to see what to copy", false)
    .option("--delete", "delete at the target what the source does not have", false)
    .addOption(
      new Option("--verify <how>", "how both sides are compared in the end: checksum reads every byte, quick sizes and times")
        .choices(["checksum", "quick"])
        .default("checksum"),
    )
    .option("--image <reference>", "an image with rsync that the cluster can pull (default: Howdah's own, beside the site's images)")
    .option("--to <repository>", "where Howdah's own goes (default: beside the site's images)");
  return clusterOptions(command);
}

async function migrate(
  { given, path }: { readonly given: string; readonly path: string | undefined },
  flags: MigrateFlags,
  name: string | undefined,
  context: CliContext,
): Promise<number> {
  const { localSource, nodeSource } = await import("../../workflows/data-move/data-source.ts");
  const ports = await context.ports();
  if (flags.from === undefined && flags.fromNode === undefined)
    throw new HowdahError("usage/invalid", "Where is the data? `--from DIR` or `--from-node NODE:/absolute/path`");
  const source = flags.fromNode === undefined ? await localSource(flags.from ?? "", context.directory, ports) : nodeSource(flags.fromNode);
  if (flags.final) await agree(flags.fromNode ?? flags.from ?? "", flags.yes, context);
  return bring({ given, path, source, write: "in-place", final: flags.final }, flags, name, context);
}

/** Brings data and prints what came of it. */
export function bring(
  wanted: {
    readonly given: string;
    readonly path: string | undefined;
    readonly source: DataSource;
    readonly write: "in-place" | "whole-files";
    readonly final: boolean;
  },
  flags: DataFlags,
  name: string | undefined,
  context: CliContext,
): Promise<number> {
  return withReporter(context, async (ports, engine) => {
    const { moveData } = await import("../../workflows/data-move/move-data.ts");
    const { siteOnCluster } = await import("../../workflows/data-move/site-on-cluster.ts");
    const { bytesPerSecond } = await import("../../workflows/data-move/rate.ts");
    const { printMovedData } = await import("../report/print-moved-data.ts");
    const where = { given: wanted.given, directory: context.directory, context: name, namespace: flags.namespace };
    const rate = flags.rate === undefined ? undefined : bytesPerSecond(flags.rate);
    const { source, path, write } = wanted;
    const { verify, image, to } = flags;
    const options = { source, path, write, rate, verify, image, to, delete: flags.delete, checksum: flags.checksum };
    const found = await siteOnCluster(where, ports, engine.signal);
    if (!wanted.final) return printMovedData(await moveData(found, options, ports, engine), context);
    const { holdForCutOver } = await import("../../workflows/data-move/hold-for-cut-over.ts");
    const { cluster, namespace } = found.place;
    const held = { api: cluster.api, engine: await ports.clusters.engine(cluster), namespace };
    const hold = <T>(work: () => Promise<T>): Promise<T> => holdForCutOver(held, engine, work);
    return printMovedData(await moveData(found, options, ports, engine, hold), context);
  });
}

/** Only a person knows who else writes into the source. Error: `usage/invalid` when nobody can be asked. */
async function agree(source: string, yes: boolean, context: CliContext): Promise<void> {
  const words = `The last sync copies what is in ${source} now: stop what writes there (the old site, its crons, uploads by FTP)`;
  if (yes) return;
  if (!context.terminal.interactive) throw new HowdahError("usage/invalid", words, { hint: "Then run the command again with --yes." });
  const { confirmOnTerminal } = await import("../ask.ts");
  if (!(await confirmOnTerminal(`${words}. Is it stopped?`))) throw new HowdahError("cancelled", "Nothing was changed");
}
