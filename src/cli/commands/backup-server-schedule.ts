import type { Command } from "commander";
import type { CliContext } from "../context.ts";
import type { Choose } from "../program.ts";
import { table } from "../report/table.ts";
import { keepOf, type ScheduleFlags, scheduledWords, scheduleOptions } from "./schedule-options.ts";

/** `howdah backup server schedule`: the agent copies a whole server, proves it, and deletes what is no longer kept. */
export function backupServerSchedule(server: Command, choose: Choose): void {
  scheduleOptions(
    server
      .command("schedule")
      .argument("[server]", "a database server of this machine (default: list the schedules)")
      .summary("have the agent back up a server, prove each backup by restoring, and ship the binlog"),
    { whose: "server", at: "H 2 * * *", monthly: "0" },
  )
    .option("--off", "end the schedule; backups stay", false)
    .addHelpText(
      "after",
      "\nExamples:\n  howdah backup server schedule mariadb-11-8\n  howdah backup server schedule mariadb-11-8 --at 'H 2 * * 0'\n  howdah backup server schedule\n\nThe newest backup that was proved is never deleted.",
    )
    .action((name: string | undefined, flags: ScheduleFlags) => {
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
        const set = await setSchedule({ namespace: name, schedule: flags.at, store: flags.store, keep: keepOf(flags) }, of);
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
