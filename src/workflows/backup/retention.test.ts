import { describe, expect, it } from "vitest";
import { noLongerKept, oldTraces, unprovedNoLongerKept } from "./retention.ts";

const none = { last: 0, daily: 0, weekly: 0, monthly: 0 };
/** A backup a day at three, newest last. */
const days = (count: number) =>
  Array.from({ length: count }, (_, day) => {
    const startedAt = new Date(Date.UTC(2026, 0, 1 + day, 3)).toISOString();
    return { id: startedAt.slice(0, 10), startedAt, verified: false };
  });
const kept = (count: number, keep: object) => {
  const gone = new Set(noLongerKept(days(count), { ...none, ...keep }));
  return days(count)
    .map(({ id }) => id)
    .filter((id) => !gone.has(id));
};

describe("which backups stay", () => {
  it.each([
    { name: "the newest, even when nothing is wanted", count: 3, keep: {}, stays: ["2026-01-03"] },
    { name: "the last ones", count: 4, keep: { last: 2 }, stays: ["2026-01-03", "2026-01-04"] },
    { name: "one a day", count: 5, keep: { daily: 3 }, stays: ["2026-01-03", "2026-01-04", "2026-01-05"] },
    { name: "the last of each week, Sunday's", count: 20, keep: { weekly: 3 }, stays: ["2026-01-11", "2026-01-18", "2026-01-20"] },
    { name: "the last of each month", count: 65, keep: { monthly: 3 }, stays: ["2026-01-31", "2026-02-28", "2026-03-06"] },
  ])("$name", ({ count, keep, stays }) => {
    expect(kept(count, keep)).toEqual(stays);
  });

  it("never deletes the newest that was proved by restoring", () => {
    const backups = days(5).map((one, index) => ({ ...one, verified: index < 2 }));
    expect(noLongerKept(backups, { ...none, last: 1 })).toEqual(["2026-01-04", "2026-01-03", "2026-01-01"]);
  });

  it("counts several of one day as one", () => {
    const same = ["03", "09", "15"].map((hour) => ({ id: hour, startedAt: `2026-01-01T${hour}:00:00.000Z`, verified: false }));
    expect(noLongerKept(same, { ...none, daily: 7 })).toEqual(["09", "03"]);
  });
});

describe("while proving fails", () => {
  it("is bounded by the schedule's numbers, and loses none that was proved", () => {
    const backups = days(40).map((one, index) => ({ ...one, verified: index < 3 }));
    const gone = unprovedNoLongerKept(backups, { ...none, last: 3 });
    expect(gone).toHaveLength(40 - 3 - 3);
    expect(gone).not.toContain("2026-01-01");
  });
});

describe("what no schedule counts", () => {
  const now = Date.parse("2026-02-10T00:00:00Z");
  it.each([
    {
      name: "goes a week after the restore that it was made before",
      why: "before a restore",
      state: "done",
      day: "2026-02-02",
      goes: true,
    },
    { name: "stays as long as it may be wanted", why: "before a restore", state: "done", day: "2026-02-05", goes: false },
    { name: "goes when it failed a week ago", why: "asked", state: "failed", day: "2026-02-02", goes: true },
    { name: "stays when a person asked for it", why: "asked", state: "done", day: "2020-01-01", goes: false },
    { name: "stays while it is being made", why: "before a restore", state: "running", day: "2020-01-01", goes: false },
  ])("$name", ({ why, state, day, goes }) => {
    expect(oldTraces([{ why, state, startedAt: `${day}T00:00:00.000Z` }], now)).toHaveLength(goes ? 1 : 0);
  });
});
