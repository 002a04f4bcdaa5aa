import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { table } from "../report/table.ts";

interface Flags {
  readonly at: string;
  readonly store?: string;
  readonly keepLast: string;
  readonly keepDaily: string;
  readonly keepWeekly: string;
  readonly keepMonthly: string;
  readonly off: boolean;
}

/** `howdah backup server schedule`: the agent copies a whole server, proves it, and deletes what is no longer kept. */
export function backupServerSchedule(server: Command, choose: Choose): void {
  server
    .command("schedule")
    .argument("[server]", "a database server of this machine (default: list the schedules)")
    .summary("have the agent back up a server, prove each backup by restoring, and ship the binlog")
    .option("--at <schedule>", "as crons are written; H is a minute of the server's own", "H 2 * * *")
    .option("--store <name>", "where to (default: the store `default`)")
    .option("--keep-last <count>", "the newest ones", "3")
    .option("--keep-daily <count>", "the last one of so many days", "7")
    .option("--keep-weekly <count>", "the last one of so many weeks", "4")
    .option("--keep-monthly <count>", "the last one of so many months", "0")
    .option("--off", "end the schedule; backups stay", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah backup server schedule mariadb-11-8\n  howdah backup server schedule mariadb-11-8 --at 'H 2 * * 0'\n  howdah backup server schedule\n\nThe newest backup that was proved is never deleted.",
    )
    .action((name: string | undefined, flags: Flags) => {
      choose(async (context) => {
        const { withBackups } = await import("../../workflows/backup/backup-ports.ts");
        const ports = withBackups(await context.ports());
        const { backups } = ports;
        if (name === undefined) {
          const all = await backups.serverSchedules.list();
          const rows = all.map((one) => [one.namespace, one.schedule, one.store, one.last?.failure ?? one.last?.at ?? "not yet"]);
          return answer(context, all, rows.length === 0 ? "No schedules.\n" : table([["SERVER", "WHEN", "STORE", "LAST"], ...rows]));
        }
        const { removeSchedule, setSchedule } = await import("../../workflows/backup/schedules.ts");
        const of = { clock: ports.clock, backups: { stores: backups.stores, schedules: backups.serverSchedules } };
        if (flags.off) {
          await removeSchedule(name, of);
          return answer(context, { server: name, off: true }, `${name} has no schedule any more; its backups stay.\n`);
        }
        const { requireServer } = await import("../../workflows/backup/server/require-server.ts");
        await requireServer(name, ports);
        const keep = { last: flags.keepLast, daily: flags.keepDaily, weekly: flags.keepWeekly, monthly: flags.keepMonthly };
        const set = await setSchedule({ namespace: name, schedule: flags.at, store: flags.store, keep }, of);
        if (!(await (await context.ports()).agent.status()).running)
          context.terminal.err("! the agent does not run: nothing is backed up. `howdah agent` starts it.\n");
        const next = set.mark?.next === undefined || set.mark.next === null ? "never" : new Date(set.mark.next).toISOString();
        return answer(context, set, `${name} is backed up at ${set.schedule} to ${set.store}; next ${next}.\n`);
      });
    });
}

function answer(context: CliContext, found: unknown, words: string): number {
  context.terminal.out(context.flags.output === "json" ? `${JSON.stringify(found, null, 2)}\n` : words);
  return 0;
}
