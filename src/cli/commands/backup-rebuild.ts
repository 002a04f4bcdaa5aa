import { resolve } from "node:path";
import type { Command } from "commander";
import type { Choose } from "../program.ts";
import { printRebuilt } from "../report/print-rebuilt.ts";
import { withReporter } from "./with-reporter.ts";

interface Flags {
  readonly store?: string;
  readonly backupsOnly: boolean;
  readonly port?: string;
  readonly bind?: string;
}

/** `howdah backup rebuild`: the sites of a lost machine, on a new one. */
export function backupRebuild(backup: Command, choose: Choose): void {
  backup
    .command("rebuild")
    .argument("<code>", "a directory that holds the code of each site in a directory of the site's name")
    .argument("[site...]", "only these (default: every site of the store)")
    .summary("on a new machine: run the sites of a store again, with secrets, databases and files")
    .description(
      "Brings back what a lost machine ran: for each site of the store its secrets, its site file if the code has none, its images, its database up to the last second that was shipped, its files, its tenant and its schedule. Sites that run here are left alone. Run it again after a failure: it goes on with what is missing.",
    )
    .option("--store <name>", "which store (default: the store `default`)")
    .option("--backups-only", "as of the newest backups: what was shipped after them is left out", false)
    .option("-p, --port <port>", "port of the edge for all sites, as `howdah up --port`")
    .option("--bind <address>", "address of the edge, as `howdah up --bind`")
    .addHelpText(
      "after",
      "\nExamples:\n  howdah backup rebuild ./sites\n  howdah backup rebuild ./sites shop blog\n  howdah backup rebuild ./sites --port 80 --bind 0.0.0.0\n  howdah backup rebuild ./sites --output json | jq -r '.[] | select(.outcome == \"failed\") | .error'\n\nThe code of the site `shop` is ./sites/shop, that of `shop` of the tenant `acme` ./sites/acme--shop: the names that `howdah backup ls --from-store` shows.",
    )
    .action((code: string, names: readonly string[], flags: Flags) => {
      choose((context) =>
        withReporter(context, async (ports, engine) => {
          const { rebuildSites } = await import("../../workflows/backup/rebuild-sites.ts");
          return printRebuilt(
            await rebuildSites({ code: resolve(context.directory, code), names, ...{ store: undefined, ...flags } }, ports, engine),
            context,
          );
        }),
      );
    });
}
