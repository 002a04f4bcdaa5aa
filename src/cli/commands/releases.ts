import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { printReleases } from "../report/print-releases.ts";
import { SITE_ARGUMENT, SITE_DESCRIPTION } from "./site-argument.ts";

/** `howdah releases`: what was in service, newest first. */
export function releasesCommand(program: Command, choose: Choose): void {
  program
    .command("releases")
    .argument(SITE_ARGUMENT, SITE_DESCRIPTION)
    .summary("list a site's releases: when, who, which commit, why, what became of them")
    .addHelpText("after", "\nExamples:\n  howdah releases\n  howdah releases shop --output json")
    .action((given: string | undefined) => {
      choose(async (context) => {
        const { findRecord } = await import("../../workflows/find-record.ts");
        const { releasesOf } = await import("../../workflows/release/release-store.ts");
        const ports = await context.ports();
        const record = await findRecord(given, context.directory, ports);
        return printReleases(record, await releasesOf(record.namespace, ports), context);
      });
    });
}
