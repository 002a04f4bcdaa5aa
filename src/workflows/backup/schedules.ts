import { HowdahError } from "../../kernel/howdah-error.ts";
import { decideDue } from "../../schedule/due.ts";
import { readSchedule, type Schedule } from "../../schedule/schedule.ts";
import type { BackupPorts } from "./backup-ports.ts";
import type { ScheduleDocument } from "./backup-record.ts";
import { findStore } from "./stores.ts";

/** The name that a site's schedule has among crons: `H` is a number of its own. */
const CRON = "howdah-backup";

/** What a person asks for; numbers as they were typed. */
export interface WantedSchedule {
  readonly namespace: string;
  readonly schedule: string;
  readonly store: string | undefined;
  readonly keep: { readonly last: string; readonly daily: string; readonly weekly: string; readonly monthly: string };
}

type SchedulePorts = Pick<BackupPorts, "clock"> & { readonly backups: Pick<BackupPorts["backups"], "stores" | "schedules"> };

/** Sets when a site is backed up. Error: `usage/invalid`, `backup/no-store`. */
export async function setSchedule(wanted: WantedSchedule, ports: SchedulePorts): Promise<ScheduleDocument> {
  const { namespace, keep } = wanted;
  const store = await findStore(wanted.store, ports);
  const schedule = scheduleOf(namespace, wanted.schedule);
  const numbers = { last: count(keep.last), daily: count(keep.daily), weekly: count(keep.weekly), monthly: count(keep.monthly) };
  if (Object.values(numbers).every((number) => number === 0))
    throw new HowdahError("usage/invalid", "A schedule keeps one backup at least");
  const rules = { schedule, overlap: "skip", missedWithin: 0 } as const;
  const { mark } = decideDue(rules, undefined, { now: ports.clock.now(), running: 0 });
  const former = await ports.backups.schedules.get(namespace);
  const document = { namespace, store: store.name, schedule: wanted.schedule, keep: numbers, mark, last: former?.last ?? null };
  await ports.backups.schedules.put(namespace, document);
  return document;
}

/** Ends a schedule; backups stay. */
export async function removeSchedule(namespace: string, ports: SchedulePorts): Promise<void> {
  await ports.backups.schedules.remove(namespace);
}

/** A schedule's text, read. Error: `usage/invalid` with what is wrong. */
export function scheduleOf(namespace: string, text: string): Schedule {
  const read = readSchedule(text, { site: namespace, cron: CRON, timeZone: "UTC" });
  if ("schedule" in read) return read.schedule;
  throw new HowdahError("usage/invalid", `${JSON.stringify(text)} is no schedule: ${read.problem}`);
}

function count(text: string): number {
  if (/^\d{1,4}$/.test(text)) return Number(text);
  throw new HowdahError("usage/invalid", `${JSON.stringify(text)} is no number of backups`);
}
