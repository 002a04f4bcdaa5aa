import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { table } from "../report/table.ts";
import { type BackupThereFlags, scheduleThere } from "./backup-there.ts";
import { clusterOptions, contextOf } from "./cluster-options.ts";
import { keepOf, type ScheduleFlags, scheduledWords, scheduleOptions } from "./schedule-options.ts";
import { SITE_DESCRIPTION } from "./site-argument.ts";

interface Flags extends BackupThereFlags, ScheduleFlags {
  readonly timeZone?: string;
}

/** `howdah backup schedule`: the agent backs up, proves it by restoring, and deletes what is no longer kept. */
export function backupSchedule(backup: Command, choose: Choose): void {
  scheduleOptions(
    clusterOptions(backup.command("schedule"))
      .argument("[site]", `${SITE_DESCRIPTION} (default: list the schedules)`)
      .summary("have the agent back up a site, prove each backup by restoring, and ship the binlog"),
    { whose: "site", at: "H 3 * * *", monthly: "6" },
  )
    .option("--plan <name>", "with --context: which Backup of the namespace (default: `site`)")
    .option("--time-zone <name>", "with --context: the schedule's time zone (default: UTC)")
    .option("--off", "end the schedule; backups stay", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah backup schedule blog\n  howdah backup schedule shop --at 'H */6 * * *' --keep-last 8\n  howdah backup schedule\n  howdah backup schedule shop --context lab --time-zone Europe/Berlin\n\nThe newest backup that was proved by restoring is never deleted. With a schedule, the server's binlog is shipped to the store every 45 seconds: `howdah backup restore SITE --at TIME`.",
    )
    .action((given: string | undefined, flags: Flags) => {
      choose(async (context) => {
        if (contextOf(flags) !== undefined) {
          const keep = keepOf(flags);
          const wanted = { schedule: flags.at, store: flags.store, timeZone: flags.timeZone, keep, off: flags.off };
          return scheduleThere(given, wanted, flags, context);
        }
        const { withBackups } = await import("../../workflows/backup/backup-ports.ts");
        const ports = withBackups(await context.ports());
        if (given === undefined) {
          const schedules = await ports.backups.schedules.list();
          const rows = schedules.map((one) => [one.namespace, one.schedule, one.store, one.last?.failure ?? one.last?.at ?? "not yet"]);
          return answer(context, schedules, rows.length === 0 ? "No schedules.\n" : table([["SITE", "WHEN", "STORE", "LAST"], ...rows]));
        }
        const { findRecord } = await import("../../workflows/find-record.ts");
        const { removeSchedule, setSchedule } = await import("../../workflows/backup/schedules.ts");
        const { namespace } = await findRecord(given, context.directory, ports);
        if (flags.off) {
          await removeSchedule(namespace, ports);
          return answer(context, { site: namespace, off: true }, `${namespace} has no schedule any more; its backups stay.\n`);
        }
        const set = await setSchedule({ namespace, schedule: flags.at, store: flags.store, keep: keepOf(flags) }, ports);
        if (!(await (await context.ports()).agent.status()).running)
          context.terminal.err("! the agent does not run: nothing is backed up. `howdah agent` starts it.\n");
        return answer(context, set, scheduledWords(set));
      });
    });
}

function answer(context: CliContext, found: unknown, words: string): number {
  context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(found, null, 2)}\n` : words);
  return 0;
}
