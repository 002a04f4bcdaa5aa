import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CronMark, type CronRules, decideDue, type Due } from "./due.ts";
import { readSchedule, type Schedule } from "./schedule.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

function schedule(text: string): Schedule {
  const read = readSchedule(text, { site: "blog", cron: "jobs", timeZone: "UTC" });
  if ("problem" in read) throw new Error(read.problem);
  return read.schedule;
}

function rulesOf(text: string, more: Partial<CronRules> = {}): CronRules {
  return { schedule: schedule(text), overlap: "skip", missedWithin: HOUR, ...more };
}

const noon = Date.parse("2026-11-21T12:00:00Z");

/** What is decided at each of these times, one after another. */
function follow(rules: CronRules, times: readonly number[], running: (time: number) => number = () => 0): Due[] {
  let mark: CronMark | undefined;
  return times.map((now) => {
    const { due, mark: after } = decideDue(rules, mark, { now, running: running(now) });
    mark = after;
    return due;
  });
}

const names = (dues: readonly Due[]): string[] =>
  dues.map((due) => (due.do === "nothing" ? "-" : due.do === "skip" ? `skip: ${due.because}` : due.missed ? "make up" : "start"));

describe("what is due", () => {
  const hourly = rulesOf("0 * * * *");
  const first = hourly.schedule.next(noon) ?? 0;

  it.each<{ name: string; rules?: CronRules; times: number[]; running?: number; expected: string[] }>([
    {
      name: "begins with the first time after a cron was seen",
      times: [noon, first - 1, first, first + 1],
      expected: ["-", "-", "start", "-"],
    },
    { name: "runs what comes a little late", times: [noon, first + 30_000], expected: ["-", "start"] },
    { name: "makes up once what the agent was away for", times: [noon, first + 5 * HOUR + 10 * MINUTE], expected: ["-", "make up"] },
    {
      name: "leaves out what is too old",
      rules: rulesOf("0 12 * * *"),
      times: [noon + HOUR, noon + 27 * HOUR],
      expected: ["-", "skip: missed"],
    },
    {
      name: "leaves out everything missed when it shall",
      rules: rulesOf("0 * * * *", { missedWithin: 0 }),
      times: [noon, first + 2 * MINUTE],
      expected: ["-", "skip: missed"],
    },
    { name: "waits for no former run", times: [noon, first], running: 1, expected: ["-", "skip: former run"] },
    {
      name: "overlaps when it may",
      rules: rulesOf("0 * * * *", { overlap: "allow" }),
      times: [noon, first],
      running: 3,
      expected: ["-", "start"],
    },
    {
      name: "runs no minute twice when the clock is put back",
      times: [noon, first, first - HOUR, first, first + HOUR],
      expected: ["-", "start", "-", "-", "start"],
    },
    { name: "jumps forward with the clock", times: [noon, first, first + 2 * HOUR], expected: ["-", "start", "start"] },
    {
      name: "does not wait for a clock that was wrong by a year",
      times: [noon, first + 365 * 24 * HOUR, first, first + HOUR],
      expected: ["-", "start", "-", "start"],
    },
  ])("$name", ({ rules = hourly, times, running = 0, expected }) => {
    expect(names(follow(rules, times, () => running))).toEqual(expected);
  });

  it("begins anew with another schedule", () => {
    const { mark } = decideDue(hourly, undefined, { now: noon, running: 0 });
    const other = decideDue(rulesOf("1 * * * *"), mark, { now: noon + 5 * HOUR, running: 0 });
    expect(other.due).toEqual({ do: "nothing" });
    expect(other.mark.handled).toBe(noon + 5 * HOUR);
  });

  it("never deals with a minute twice, whatever the clock does within three hours", () => {
    const jumps = fc.array(fc.integer({ min: -3 * HOUR, max: 3 * HOUR }), { minLength: 5, maxLength: 60 });
    const texts = fc.constantFrom("* * * * *", "*/7 * * * *", "0 * * * *", "@hourly", "30 12 * * *");
    fc.assert(
      fc.property(texts, jumps, (text, steps) => {
        let now = noon;
        let highest = noon;
        const times = steps.map((step) => {
          now = Math.max(now + step, highest - 3 * HOUR);
          highest = Math.max(highest, now);
          return now;
        });
        const planned = follow(rulesOf(text), times).flatMap((due) => (due.do === "nothing" ? [] : [due.planned]));
        expect(new Set(planned).size).toBe(planned.length);
        expect(planned).toEqual(planned.toSorted((a, b) => a - b));
      }),
      { numRuns: 300 },
    );
  });

  it("starts each minute of a day when asked each second", () => {
    const times = Array.from({ length: 24 * 60 * 12 }, (_, index) => noon + index * 5000);
    const dues = follow(rulesOf("* * * * *"), times).filter((due) => due.do === "start");
    expect(dues.length).toBe(24 * 60);
  });
});
