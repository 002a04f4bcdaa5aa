import type { Retention } from "./backup-record.ts";

/** Of a backup what keeping it depends on. */
export interface Kept {
  readonly id: string;
  /** RFC 3339. */
  readonly startedAt: string;
  /** Proved by restoring. */
  readonly verified: boolean;
}

/**
 * Which backups are no longer kept: of each day, week and month the last one stays, for as many of these as are wanted; and the newest that
 * was proved by restoring always stays, whatever the numbers say.
 */
export function noLongerKept(backups: readonly Kept[], keep: Retention): readonly string[] {
  const newestFirst = backups.toSorted((a, b) => (a.startedAt < b.startedAt ? 1 : -1));
  const stays = new Set(newestFirst.slice(0, Math.max(1, keep.last)).map(({ id }) => id));
  const proved = newestFirst.find(({ verified }) => verified);
  if (proved !== undefined) stays.add(proved.id);
  keepOnePer(newestFirst, keep.daily, (time) => time.slice(0, 10), stays);
  keepOnePer(newestFirst, keep.weekly, weekOf, stays);
  keepOnePer(newestFirst, keep.monthly, (time) => time.slice(0, 7), stays);
  return newestFirst.filter(({ id }) => !stays.has(id)).map(({ id }) => id);
}

/**
 * The same while proving fails: nothing that was proved goes, since nobody knows what the newer ones are worth. Those that were not are bounded by the
 * schedule's own numbers: a store must not fill because a scratch place lacks room.
 */
export function unprovedNoLongerKept(backups: readonly Kept[], keep: Retention): readonly string[] {
  const proved = new Set(backups.filter(({ verified }) => verified).map(({ id }) => id));
  return noLongerKept(backups, keep).filter((id) => !proved.has(id));
}

/** How long the backup from before a restore can take that restore back, and a failed one says why it failed. */
const TRACES_MS = 7 * 86_400_000;

/** Which backups no schedule counts go: those from before a restore, and failed ones, after seven days. */
export function oldTraces<T extends { readonly why: string; readonly state: string; readonly startedAt: string }>(
  backups: readonly T[],
  now: number,
): readonly T[] {
  const old = new Date(now - TRACES_MS).toISOString();
  return backups.filter(
    ({ why, state, startedAt }) => startedAt < old && (state === "failed" || (state === "done" && why === "before a restore")),
  );
}

function keepOnePer(newestFirst: readonly Kept[], count: number, period: (time: string) => string, stays: Set<string>): void {
  const seen = new Set<string>();
  for (const { id, startedAt } of newestFirst) {
    const name = period(startedAt);
    if (seen.has(name) || seen.size >= count) continue;
    seen.add(name);
    stays.add(id);
  }
}

const DAY_MS = 86_400_000;

/** The Monday of a time's week. */
function weekOf(time: string): string {
  const at = Date.parse(time);
  const weekday = (new Date(at).getUTCDay() + 6) % 7;
  return new Date(at - weekday * DAY_MS).toISOString().slice(0, 10);
}
