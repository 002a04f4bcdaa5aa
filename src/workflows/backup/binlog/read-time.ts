import { HowdahError } from "../../../kernel/howdah-error.ts";

const DAY_MS = 86_400_000;

/**
 * A second as people write it: `10:05`, `10:05:30` (UTC, today; yesterday when it has not come yet) or a whole time. Answers milliseconds of its
 * beginning. Errors: `usage/invalid`, also for what lies ahead.
 */
export function readTime(text: string, now: number): number {
  const clock = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (clock !== null) {
    const [, hour, minute, second] = clock.map(Number);
    const seconds = (hour ?? 0) * 3600 + (minute ?? 0) * 60 + (Number.isNaN(second) ? 0 : (second ?? 0));
    if ((hour ?? 0) > 23 || (minute ?? 0) > 59 || seconds >= 86_400) throw refused(text);
    const today = Math.floor(now / DAY_MS) * DAY_MS + seconds * 1000;
    return today <= now ? today : today - DAY_MS;
  }
  const whole = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2})?(Z|[+-]\d{2}:\d{2})?$/.exec(text);
  const at = whole === null ? Number.NaN : Date.parse(`${text.replace(" ", "T")}${whole[2] === undefined ? "Z" : ""}`);
  if (Number.isNaN(at)) throw refused(text);
  if (at > now) throw new HowdahError("usage/invalid", `${text} lies ahead`);
  return at;
}

function refused(text: string): HowdahError {
  return new HowdahError("usage/invalid", `${JSON.stringify(text)} is no time`, {
    hint: "Write `10:05`, `10:05:30` (UTC) or `2026-11-22T10:05:30Z`, with another zone `…+01:00`.",
  });
}
