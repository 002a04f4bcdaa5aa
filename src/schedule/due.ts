import type { Schedule } from "./schedule.ts";

/** How a cron wants to be treated. */
export interface CronRules {
  readonly schedule: Schedule;
  /** What happens when it is due while a former run still goes on. */
  readonly overlap: "skip" | "allow";
  /** A run that nobody was there for is made up once when it is at most that old; 0: never. Milliseconds. */
  readonly missedWithin: number;
}

/** What is remembered of a cron between two looks, and over the end of the process. */
export interface CronMark {
  /** The schedule that the times below belong to. */
  readonly schedule: string;
  /** Everything up to then is dealt with: run, or left out for a reason. */
  readonly handled: number;
  /** The first time after `handled`. */
  readonly next: number | null;
}

/** What is to be done with a cron now. `planned` is the time that it was due. */
export type Due =
  | { readonly do: "nothing" }
  | { readonly do: "start"; readonly planned: number; readonly missed: boolean }
  | { readonly do: "skip"; readonly planned: number; readonly because: "former run" | "missed" };

/** A start that comes so late was not late but missed: longer than a busy machine needs. */
const ON_TIME_MS = 60_000;
/** A clock that was put back so far was wrong before; less is a correction (Vixie's cron draws the line there too). */
const CORRECTION_MS = 3 * 60 * 60_000;

/**
 * Decides about one cron at a moment: no time is dealt with twice, and of many times that were missed only the last counts.
 * Clocks that jump: forward, the times jumped over are missed ones; back by less than three hours, nothing runs until the clock has
 * come again to where it was, so no minute runs twice; further back, counting begins anew at the new time.
 * A cron that was never seen, or has another schedule than before, begins now: the past was not its.
 */
export function decideDue(
  rules: CronRules,
  mark: CronMark | undefined,
  seen: { readonly now: number; readonly running: number },
): { readonly due: Due; readonly mark: CronMark } {
  const { now } = seen;
  const { schedule } = rules;
  if (mark === undefined || mark.schedule !== schedule.text || now < mark.handled - CORRECTION_MS) {
    return { due: { do: "nothing" }, mark: markAt(schedule, now) };
  }
  if (mark.next === null || now < mark.next) return { due: { do: "nothing" }, mark };
  const planned = Math.max(mark.next, schedule.latest(now) ?? mark.next);
  return { due: judge(rules, { planned, late: now - planned, running: seen.running }), mark: markAt(schedule, planned) };
}

function markAt(schedule: Schedule, handled: number): CronMark {
  return { schedule: schedule.text, handled, next: schedule.next(handled) ?? null };
}

function judge(rules: CronRules, at: { readonly planned: number; readonly late: number; readonly running: number }): Due {
  const { planned } = at;
  const missed = at.late > ON_TIME_MS;
  if (missed && at.late > rules.missedWithin) return { do: "skip", planned, because: "missed" };
  if (at.running > 0 && rules.overlap === "skip") return { do: "skip", planned, because: "former run" };
  return { do: "start", planned, missed };
}
