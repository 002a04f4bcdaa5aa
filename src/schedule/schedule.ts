import { Cron } from "croner";
import { spreadHash, stableNumber } from "./spread-hash.ts";

/** When a cron runs. Times are milliseconds since the epoch. */
export interface Schedule {
  /** The five settled fields and the time zone: another text is another schedule. */
  readonly text: string;
  /** The first time after `after`; undefined when there is none any more (30 February). */
  next(after: number): number | undefined;
  /** The last time up to and including `until`. */
  latest(until: number): number | undefined;
}

/** Whose schedule it is. */
export interface ScheduleOwner {
  readonly site: string;
  readonly cron: string;
  /** A name of the IANA time zone database. */
  readonly timeZone: string;
}

const MINUTE_MS = 60_000;

/**
 * Reads a schedule of five fields or a macro. The file chooses the minute; its second is chosen here, from site and cron, so that a
 * thousand crons of one minute don't begin in one moment.
 *
 * Daylight saving time: a time that a spring day doesn't have is the first moment after the gap; of a time that an autumn day has
 * twice, only the first counts, unless the hour is `*`, a range or a list: such crons run in both hours.
 */
export function readSchedule(text: string, owner: ScheduleOwner): { readonly schedule: Schedule } | { readonly problem: string } {
  const seed = `${owner.site}/${owner.cron}`;
  const fields = spreadHash(text, seed);
  const unknown = /[HM](?![A-Z])(?:\(|\/|,| |$)/.exec(fields.replaceAll(/\b(MON|THU|MAR|MAY|MARCH|MONDAY|THURSDAY)\b/gi, ""));
  if (unknown !== null)
    return { problem: `\`${text}\` uses \`H\` in a way that nobody reads: \`H\`, \`H/15\`, \`H(0-29)\` and \`H(0-29)/10\` are` };
  const cron = readFields(fields, owner.timeZone);
  if (typeof cron === "string") return { problem: cron };
  const shift = stableNumber(`${seed}/second`, 60) * 1000;
  return {
    schedule: {
      text: `${fields} ${owner.timeZone}`,
      next: (after) => shifted(cron.nextRun(dateOf(after - shift)), shift),
      latest: (until) =>
        shifted(cron.previousRuns(1, dateOf(Math.floor((until - shift) / MINUTE_MS) * MINUTE_MS + MINUTE_MS))[0] ?? null, shift),
    },
  };
}

function shifted(time: Date | null, by: number): number | undefined {
  return time === null ? undefined : time.getTime() + by;
}

/** A given time as the library takes it: reads no clock. */
function dateOf(milliseconds: number): Date {
  // oxlint-disable-next-line no-restricted-globals -- the date of a number, not of now
  return new Date(milliseconds);
}

function readFields(fields: string, timeZone: string): Cron | string {
  try {
    const cron = new Cron(fields, { mode: "5-part", timezone: timeZone, paused: true });
    // Of a schedule without any time (30 February) nobody would notice that it never runs.
    if (cron.nextRun(dateOf(0)) === null) return `\`${fields}\` never comes`;
    return cron;
  } catch (error) {
    const words = error instanceof Error ? error.message : String(error);
    return /time ?zone/i.test(words)
      ? `there is no time zone \`${timeZone}\``
      : words.replace(/^CronPattern: /, "").replace(/^./, (first) => first.toLowerCase());
  }
}
