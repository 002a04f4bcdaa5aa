import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { printReleases } from "../report/print-releases.ts";
import { type ClusterFlags, clusterOptions, contextOf, placeOf } from "./cluster-options.ts";
import { SITE_ARGUMENT, SITE_DESCRIPTION } from "./site-argument.ts";

/** `howdah releases`: what was in service, newest first. */
export function releasesCommand(program: Command, choose: Choose): void {
  const command = program
    .command("releases")
    .argument(SITE_ARGUMENT, SITE_DESCRIPTION)
    .summary("list a site's releases: when, who, which commit, why, what became of them")
    .addHelpText("after", "\nExamples:\n  howdah releases\n  howdah releases shop --output json\n  howdah releases blog --context prod")
    .action((given: string | undefined, flags: ClusterFlags) => {
      const cluster = contextOf(flags);
      if (cluster !== undefined) return choose((context) => releasesThere(given, flags, cluster, context));
      choose(async (context) => {
        const { findRecord } = await import("../../workflows/find-record.ts");
        const { releasesOf } = await import("../../workflows/release/release-store.ts");
        const ports = await context.ports();
        const record = await findRecord(given, context.directory, ports);
        return printReleases(record, await releasesOf(record.namespace, ports), context);
      });
    });
  clusterOptions(command);
}

async function releasesThere(
  given: string | undefined,
  flags: ClusterFlags,
  cluster: { readonly name: string | undefined },
  context: CliContext,
): Promise<number> {
  const { clusterReleases } = await import("../../workflows/cluster/write-release.ts");
  const { printClusterReleases } = await import("../report/print-cluster.ts");
  const place = await placeOf(flags, cluster, given, await context.ports(), context);
  return printClusterReleases(place.namespace, await clusterReleases(place, context.signal), context);
}
