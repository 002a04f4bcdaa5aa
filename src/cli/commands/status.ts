import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { type ClusterFlags, clusterOptions, contextOf, placeOf } from "./cluster-options.ts";
import { printStatus } from "../report/print-status.ts";

/** `howdah status`: what runs here and how it is. */
export function statusCommand(program: Command, choose: Choose): void {
  const command = program
    .command("status")
    .argument("[site]", "one site: name, directory or file (default: all)")
    .summary("what runs here: URL, health, release, memory, volumes")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah status\n  howdah status blog --output json\n  howdah status --context prod\n\nExit code: 0 when everything asked about is ready, 75 when something is not.",
    )
    .action((given: string | undefined, flags: ClusterFlags) => {
      const cluster = contextOf(flags);
      if (cluster !== undefined) return choose((context) => statusThere(given, flags, cluster.name, context));
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
  clusterOptions(command);
}

/** Without a site and a namespace: everything on the cluster. */
async function statusThere(given: string | undefined, flags: ClusterFlags, name: string | undefined, context: CliContext): Promise<number> {
  const { clusterStatus } = await import("../../workflows/cluster/cluster-status.ts");
  const { printClusterStatus } = await import("../report/print-cluster.ts");
  const ports = await context.ports();
  const one = given !== undefined || flags.namespace !== undefined;
  const place = one ? await placeOf(flags, { name }, given, ports, context) : undefined;
  const cluster = place?.cluster ?? (await ports.clusters.connect(name));
  return printClusterStatus(cluster.context, await clusterStatus(cluster, place?.namespace, context.signal), context);
}
