import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readSchedule, type Schedule } from "./schedule.ts";
import { spreadHash, stableNumber } from "./spread-hash.ts";

function schedule(text: string, timeZone = "UTC", cron = "jobs"): Schedule {
  const read = readSchedule(text, { site: "blog", cron, timeZone });
  if ("problem" in read) throw new Error(read.problem);
  return read.schedule;
}

/** Minutes at which it runs, without the seconds that Howdah chooses. */
function runs(text: string, timeZone: string, from: string, count: number): string[] {
  const found: string[] = [];
  let time = Date.parse(from);
  for (let i = 0; i < count; i++) {
    time = schedule(text, timeZone).next(time) ?? Number.NaN;
    found.push(new Date(time).toISOString().slice(0, 16));
  }
  return found;
}

describe("a schedule", () => {
  it.each<[string, string, string, string, string[]]>([
    ["runs in its time zone", "30 2 * * *", "Europe/Berlin", "2026-01-01T12:00Z", ["2026-01-02T01:30", "2026-01-03T01:30"]],
    ["runs after the gap of spring", "30 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z", ["2026-03-29T01:00", "2026-03-30T00:30"]],
    ["loses no hour in spring", "0 * * * *", "Europe/Berlin", "2026-03-29T00:30Z", ["2026-03-29T01:00", "2026-03-29T02:00"]],
    ["runs once in autumn's double hour", "30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z", ["2026-10-25T00:30", "2026-10-26T01:30"]],
    [
      "runs through both of autumn's hours when it runs hourly",
      "15 * * * *",
      "Europe/Berlin",
      "2026-10-24T23:30Z",
      ["2026-10-25T00:15", "2026-10-25T01:15", "2026-10-25T02:15"],
    ],
    ["takes names", "0 12 * * MON-FRI", "UTC", "2026-11-20T13:00Z", ["2026-11-23T12:00"]],
    ["takes either day as cron does", "0 0 13 * FRI", "UTC", "2026-11-21T00:30Z", ["2026-11-27T00:00", "2026-12-04T00:00"]],
    ["takes the last day of a month", "0 0 L * *", "UTC", "2026-02-01T00:30Z", ["2026-02-28T00:00"]],
  ])("%s", (_name, text, zone, from, expected) => expect(runs(text, zone, from, expected.length)).toEqual(expected));

  it.each([
    ["60 * * * *", /minute: 60/],
    ["*/0 * * * *", /stepping: 0/],
    ["5-2 * * * *", /larger than/],
    ["0 0 30 2 *", /never comes/],
    ["H(50-70) * * * *", /`H`/],
    ["H(9-3) * * * *", /`H`/],
    ["H/0 * * * *", /`H`/],
    ["H-5 * * * *", /./],
    ["* * * *", /five/],
  ])("refuses %s", (text, words) => {
    expect(readSchedule(text, { site: "a", cron: "b", timeZone: "UTC" })).toEqual({ problem: expect.stringMatching(words) as string });
  });

  it("refuses a time zone that is none", () => {
    expect(readSchedule("* * * * *", { site: "a", cron: "b", timeZone: "Mars/Base" })).toEqual({
      problem: "there is no time zone `Mars/Base`",
    });
  });

  const field = (most: number): fc.Arbitrary<string> =>
    fc.oneof(
      fc.constantFrom("*", "H", "*/7", "H/5"),
      fc.integer({ min: 1, max: most }).map(String),
      fc.tuple(fc.integer({ min: 1, max: most }), fc.integer({ min: 1, max: most })).map(([a, b]) => `${Math.min(a, b)}-${Math.max(a, b)}`),
    );
  const schedules = fc.tuple(field(59), field(23), field(28), fc.constant("*"), field(6)).map((fields) => fields.join(" "));
  const zones = fc.constantFrom("UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu");
  const times = fc.integer({ min: Date.parse("2026-01-01"), max: Date.parse("2027-12-31") });

  it("goes forward, one minute apart at least, and looks back to the same times, whatever the zone", () => {
    fc.assert(
      fc.property(schedules, zones, times, (text, zone, from) => {
        const it = schedule(text, zone);
        const first = it.next(from) ?? 0;
        const second = it.next(first) ?? 0;
        expect(first).toBeGreaterThan(from);
        expect(second - first).toBeGreaterThanOrEqual(60_000);
        expect(it.latest(first)).toBe(first);
        expect(it.latest(second - 1)).toBe(first);
        expect(it.next(first - 1)).toBe(first);
      }),
      { numRuns: 500 },
    );
  });
});

describe("`H`", () => {
  it.each([
    ["H * * * *", /^\d+ \* \* \* \*$/],
    ["H/15 * * * *", /^([0-9]|1[0-4])-59\/15 \* \* \* \*$/],
    ["H(0-29) 3 * * *", /^[12]?\d 3 \* \* \*$/],
    ["H(0-29)/10 * * * *", /^\d-29\/10 \* \* \* \*$/],
    ["@daily", /^\d+ \d+ \* \* \*$/],
    ["@midnight", /^\d+ [0-2] \* \* \*$/],
    ["M H,12 * * *", /^\d+ \d+,12 \* \* \*$/],
  ])("settles %s", (text, expected) => expect(spreadHash(text, "blog/jobs")).toMatch(expected));

  it("is the same for ever", () => {
    expect(spreadHash("H H H H H", "blog/jobs")).toBe(spreadHash("H H H H H", "blog/jobs"));
    expect(stableNumber("blog/jobs/0", 60)).toBe(12);
  });

  it("is spread evenly over sites", () => {
    const counts = Array.from({ length: 60 }, () => 0);
    for (let site = 0; site < 6000; site++) {
      const minute = Number(spreadHash("H * * * *", `site-${site}/jobs`).split(" ")[0]);
      counts[minute] = (counts[minute] ?? 0) + 1;
    }
    // 100 each; six standard deviations of a fair choice.
    expect(Math.min(...counts)).toBeGreaterThan(40);
    expect(Math.max(...counts)).toBeLessThan(160);
  });
});
