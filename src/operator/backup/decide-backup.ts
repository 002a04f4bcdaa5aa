import { HowdahError } from "../../kernel/howdah-error.ts";
import { LABEL_PREFIX } from "../../kernel/label.ts";
import type { BackupSpec, BackupStatus } from "../../resources/schema/backup.ts";
import { type CronMark, decideDue } from "../../schedule/due.ts";
import { readSchedule, type Schedule } from "../../schedule/schedule.ts";

/** Annotations of a Backup whose change asks for something: any new value asks again. */
export const ASKS = {
  /** A backup, now. */
  now: `${LABEL_PREFIX}/backup-now`,
  /** `BACKUP`, or `BACKUP/ANYTHING`: restore it into a scratch place and compare. */
  verify: `${LABEL_PREFIX}/verify`,
  /** The same: put it in the place of what the site holds. */
  restore: `${LABEL_PREFIX}/restore`,
  /** `BACKUP,BACKUP…`, or with `/ANYTHING` behind: delete these from the store. */
  delete: `${LABEL_PREFIX}/delete-backups`,
} as const;

/** What is to be begun. */
export type WantedWork =
  | { readonly what: "backup"; readonly why: "schedule" | "asked" }
  | { readonly what: "verify" | "restore"; readonly id: string }
  | { readonly what: "delete"; readonly ids: readonly string[] };

/** What a look decides, and what it remembers with it. */
export interface BackupDecision {
  readonly work: WantedWork | undefined;
  readonly mark: BackupStatus["mark"];
  readonly next: number | undefined;
  readonly asked: BackupStatus["asked"];
  /** Somebody asked for what names no backup. */
  readonly refused?: { readonly what: "restore" | "verify" | "delete"; readonly id: string };
}

/** A backup that nobody was there for is made up within a day. */
const MISSED_MS = 24 * 60 * 60_000;

/** As many as a status tells. */
const MOST_DELETED = 90;

/** A backup's name; whatever else somebody writes into an annotation names none. */
const BACKUP_ID = /^[0-9]{8}-[0-9]{6}-[0-9a-f]{4}$/;

/** The schedule of a Backup. Error: `usage/invalid` with what is wrong. */
export function scheduleOfBackup({ schedule, timeZone }: BackupSpec, namespace: string, name: string): Schedule | undefined {
  if (schedule === undefined) return undefined;
  const read = readSchedule(schedule, { site: namespace, cron: `howdah-backup/${name}`, timeZone });
  if ("schedule" in read) return read.schedule;
  throw new HowdahError("usage/invalid", `spec.schedule: ${read.problem}`);
}

/**
 * Decides what a Backup begins now: what somebody asks for goes before what is due, a restore before all. What is answered is written down before anything is
 * begun, so that nothing is begun twice.
 */
export function decideBackup(
  schedule: Schedule | undefined,
  status: Partial<BackupStatus>,
  annotations: Readonly<Record<string, string>>,
  now: number,
): BackupDecision {
  const due = dueNow(schedule, status.mark, now);
  const known = stillThere(status.asked, annotations);
  const former = { mark: status.mark, next: due.mark?.next ?? undefined, asked: known };
  for (const what of ["restore", "verify"] as const) {
    const value = annotations[ASKS[what]];
    const id = value?.split("/")[0] ?? "";
    if (value === undefined || value === known?.[what]) continue;
    const asked = { ...known, [what]: value };
    return BACKUP_ID.test(id) ? { ...former, work: { what, id }, asked } : { ...former, work: undefined, asked, refused: { what, id } };
  }
  const gone = annotations[ASKS.delete];
  if (gone !== undefined && gone !== known?.delete) {
    const ids = (gone.split("/")[0] ?? "").split(",").slice(0, MOST_DELETED);
    const wrong = ids.find((id) => !BACKUP_ID.test(id));
    const asked = { ...known, delete: gone };
    if (wrong !== undefined) return { ...former, work: undefined, asked, refused: { what: "delete", id: wrong } };
    return { ...former, work: { what: "delete", ids }, asked };
  }
  const value = annotations[ASKS.now];
  if (value !== undefined && value !== known?.now)
    return { ...former, work: { what: "backup", why: "asked" }, asked: { ...known, now: value } };
  const mark = due.mark === undefined ? undefined : { schedule: due.mark.schedule, handled: due.mark.handled };
  return { mark, next: due.mark?.next ?? undefined, asked: known, work: due.starts ? { what: "backup", why: "schedule" } : undefined };
}

/** An annotation that was taken away is forgotten: the same value may ask again. */
function stillThere(asked: BackupStatus["asked"], annotations: Readonly<Record<string, string>>): BackupStatus["asked"] {
  const left = Object.entries(asked ?? {}).filter(([what]) => annotations[ASKS[what as keyof typeof ASKS]] !== undefined);
  return left.length === 0 ? undefined : Object.fromEntries(left);
}

function dueNow(
  schedule: Schedule | undefined,
  mark: BackupStatus["mark"],
  now: number,
): { readonly starts: boolean; readonly mark: CronMark | undefined } {
  if (schedule === undefined) return { starts: false, mark: undefined };
  const known = mark === undefined ? undefined : { ...mark, next: schedule.next(mark.handled) ?? null };
  const decided = decideDue({ schedule, overlap: "skip", missedWithin: MISSED_MS }, known, { now, running: 0 });
  return { starts: decided.due.do === "start", mark: decided.mark };
}
