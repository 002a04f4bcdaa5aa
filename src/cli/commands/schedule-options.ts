import type { Command } from "commander";
import type { ScheduleDocument } from "../../workflows/backup/backup-record.ts";

/** Flags of a schedule of backups, of a site or of a whole server. */
export interface ScheduleFlags {
  readonly at: string;
  readonly store?: string;
  readonly keepLast: string;
  readonly keepDaily: string;
  readonly keepWeekly: string;
  readonly keepMonthly: string;
  readonly off: boolean;
}

/** Gives a verb when, where to and what to keep. A server is of many sites: its copies are large, and kept for less long. */
export function scheduleOptions(command: Command, of: { readonly whose: string; readonly at: string; readonly monthly: string }): Command {
  return command
    .option("--at <schedule>", `as crons are written; H is a minute of the ${of.whose}'s own`, of.at)
    .option("--store <name>", "where to (default: the store `default`)")
    .option("--keep-last <count>", "the newest ones", "3")
    .option("--keep-daily <count>", "the last one of so many days", "7")
    .option("--keep-weekly <count>", "the last one of so many weeks", "4")
    .option("--keep-monthly <count>", "the last one of so many months", of.monthly);
}

/** What stays, as it was typed. */
export function keepOf({ keepLast, keepDaily, keepWeekly, keepMonthly }: ScheduleFlags) {
  return { last: keepLast, daily: keepDaily, weekly: keepWeekly, monthly: keepMonthly };
}

/** A schedule that was just set, in words. */
export function scheduledWords({ namespace, schedule, store, mark }: ScheduleDocument): string {
  const next = mark?.next === undefined || mark.next === null ? "never" : new Date(mark.next).toISOString();
  return `${namespace} is backed up at ${schedule} to ${store}; next ${next}.\n`;
}
