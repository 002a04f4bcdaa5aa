import type { Command } from "commander";
import { confirm, REPLACES } from "../ask-first.ts";
import type { Choose } from "../program.ts";
import { restorePoint, undoWords } from "./restore-point.ts";
import { withReporter } from "./with-reporter.ts";

interface Flags {
  readonly table?: string;
  readonly from?: string;
  readonly at?: string;
  readonly into?: string;
  readonly yes: boolean;
}

/** `howdah db restore`: a database, or one table of it, from a backup. Files stay as they are. */
export function dbRestore(db: Command, choose: Choose): void {
  db.command("restore")
    .argument("<site>", "name of a site")
    .summary("put the database, or one table, back from a backup; what is there is dumped first")
    .option("--table <name>", "this table alone")
    .option("--from <backup>", "which backup (default: the newest)")
    .option("--at <time>", "as it was at a second: 10:05, 10:05:30 (UTC) or 2026-11-22T10:05:30Z")
    .option("--into <site>", "another site or environment that runs here")
    .option("-y, --yes", "don't ask", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah db restore blog --table wp_posts\n  howdah db restore blog --from 20261122-030412-a1b2\n  howdah db restore blog --table wp_posts --at 10:05",
    )
    .action((site: string, flags: Flags) => {
      choose(async (context) => {
        const { withBackups } = await import("../../workflows/backup/backup-ports.ts");
        const { findRecord } = await import("../../workflows/find-record.ts");
        const ports = withBackups(await context.ports());
        const target = await findRecord(flags.into ?? site, context.directory, ports);
        const namespace = flags.into === undefined ? target.namespace : site;
        const table = flags.table ?? null;
        if (flags.at !== undefined) return await restorePoint({ namespace, target, at: flags.at, table, yes: flags.yes }, context);
        const { findBackup } = await import("../../workflows/backup/find-backup.ts");
        const { restoreDatabase } = await import("../../workflows/backup/restore-backup.ts");
        const backup = await findBackup(namespace, flags.from, ports);
        const what = table === null ? "database" : `table ${table}`;
        await confirm(`Replace ${target.namespace}'s ${what} with that of ${backup.id}? It is dumped first.`, flags.yes, context, REPLACES);
        return await withReporter(context, async (_ports, engine) => {
          const restored = await restoreDatabase({ backup, target, table }, ports, engine);
          const undo = restored.before === null ? "" : undoWords(target.namespace, restored.before);
          const words = `${target.namespace}'s ${what} is that of ${backup.id}.\n${undo}`;
          const answer = { backup: backup.id, into: target.namespace, table, ...restored };
          context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(answer, null, 2)}\n` : words);
          return 0;
        });
      });
    });
}
