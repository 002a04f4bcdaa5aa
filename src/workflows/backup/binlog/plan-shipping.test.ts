import { describe, expect, it } from "vitest";
import type { BinlogArchive, BinlogSegment } from "./binlog-archive.ts";
import { needsBound } from "./ship-binlogs.ts";
import { keptSegments, planShipping, purgeTo, shippedTo } from "./plan-shipping.ts";

const log = (number: number, bytes = 100) => ({ file: `binlog.${String(number).padStart(6, "0")}`, bytes });
const segment = (numbers: readonly number[], more: Partial<BinlogSegment> = {}): BinlogSegment => ({
  timeline: "one",
  files: numbers.map((number) => log(number)),
  from: "2026-01-01T00:00:00Z",
  to: "2026-01-01T01:00:00Z",
  ended: null,
  ...more,
});
const names = (files: readonly { readonly file: string }[]) => files.map(({ file }) => Number(file.slice(-6)));

describe("what is shipped", () => {
  it.each([
    {
      name: "all closed ones the first time, from where a backup begins",
      last: undefined,
      timeline: "one",
      logs: [log(3), log(4), log(5)],
      ship: [3, 4],
      gap: null,
    },
    { name: "only new ones later", last: segment([3, 4]), timeline: "one", logs: [log(4), log(5), log(6)], ship: [5], gap: null },
    { name: "nothing while one is written", last: segment([3, 4]), timeline: "one", logs: [log(4), log(5)], ship: [], gap: null },
    {
      name: "what is left after some were deleted",
      last: segment([3, 4]),
      timeline: "one",
      logs: [log(7), log(8)],
      ship: [7],
      gap: "binlogs were deleted on the server before they were shipped",
    },
    {
      name: "all of another data directory",
      last: segment([3, 4]),
      timeline: "two",
      logs: [log(1), log(2)],
      ship: [1],
      gap: "the server has another data directory",
    },
  ])("$name", ({ last, timeline, logs, ship, gap }) => {
    const plan = planShipping(last, { timeline, logs }, [{ timeline, file: log(1).file }]);
    expect({ ship: names(plan.ship), gap: plan.gap, renamed: plan.renamed }).toEqual({ ship, gap, renamed: false });
  });

  it.each([
    { name: "another file under a name that was shipped", logs: [log(3), log(4, 77), log(5)] },
    { name: "fewer than were shipped", logs: [log(2), log(3)] },
    { name: "a shipped one that is being written again", logs: [log(3), log(4)] },
  ])("begins another timeline for $name", ({ logs }) => {
    expect(planShipping(segment([3, 4]), { timeline: "one", logs }, []).renamed).toBe(true);
  });

  it("publishes a gap, and never bridges it", () => {
    const archive: BinlogArchive = {
      server: "s",
      segments: [segment([3, 4])],
      store: "d",
      part: null,
      shippedAt: null,
      failure: null,
      idle: null,
    };
    const at = { timeline: "one", time: "2026-01-01T02:00:00Z" };
    const [former, next, ...more] = shippedTo(archive, { ship: [log(7)], gap: "lost" }, at);
    expect(more).toEqual([]);
    expect(former).toMatchObject({ ended: "lost", to: "2026-01-01T01:00:00Z" });
    expect(next).toMatchObject({ ended: null, from: at.time, to: at.time });
    expect(shippedTo(archive, { ship: [log(5)], gap: null }, at)).toEqual([{ ...segment([3, 4, 5]), to: at.time }]);
  });
});

/** Rounds as the agent makes them: the server closes its binlog at each one; answers what each shipped. */
function rounds(closedBefore: number, backups: readonly { readonly after: number; readonly file: number }[], count: number) {
  let archive: BinlogArchive = { server: "s", segments: [], store: "d", part: null, shippedAt: null, failure: null, idle: null };
  const shipped: number[][] = [];
  for (let round = 0; round < count; round += 1) {
    const logs = Array.from({ length: closedBefore + round + 1 }, (_, at) => log(at + 1));
    const needed = backups.filter(({ after }) => round >= after).map(({ file }) => ({ timeline: "one", file: log(file).file }));
    const plan = planShipping(archive.segments.at(-1), { timeline: "one", logs }, needed);
    shipped.push(names(plan.ship));
    const at = { timeline: "one", time: `2026-01-01T0${String(round)}:00:00Z` };
    archive = { ...archive, segments: keptSegments(shippedTo(archive, plan, at), needed, 1e9) };
  }
  return { shipped, segments: archive.segments };
}

describe("rounds of shipping", () => {
  it("before there is a backup ship no more than the newest: nothing could be restored with others", () => {
    const { shipped, segments } = rounds(5, [], 4);
    expect(shipped).toEqual([[5], [6], [7], [8]]);
    expect(segments.map((one) => [names(one.files), one.ended])).toEqual([[[8], null]]);
  });

  it("from a first backup on have no gap, and leave what is older where it is", () => {
    const { shipped, segments } = rounds(5, [{ after: 2, file: 7 }], 6);
    expect(shipped).toEqual([[5], [6], [7], [8], [9], [10]]);
    expect(segments.map((one) => [names(one.files), one.ended])).toEqual([[[7, 8, 9, 10], null]]);
  });

  it("bring what a backup that took long begins at, while the server has it", () => {
    const { shipped, segments } = rounds(5, [{ after: 3, file: 6 }], 5);
    expect(shipped).toEqual([[5], [6], [7], [6, 8], [9]]);
    expect(segments.map((one) => [names(one.files), one.ended])).toEqual([[[6, 7, 8, 9], null]]);
  });
});

it.each([
  ...[
    { server: "mariadb-10-5", asked: true },
    { server: "mariadb-10-11", asked: true },
    { server: "mariadb-11-2", asked: true },
  ],
  ...[
    { server: "mariadb-11-4", asked: false },
    { server: "mariadb-11-8", asked: false },
    { server: "mariadb-12-3", asked: false },
  ],
])("$server is asked each minute how much it keeps: $asked", ({ server, asked }) => {
  expect(needsBound(server)).toBe(asked);
});

describe("what stays", () => {
  it("on the server: never more than the bound, and the one that is written", () => {
    expect(purgeTo([log(1), log(2), log(3)], 300)).toBeUndefined();
    expect(purgeTo([log(1), log(2), log(3)], 250)).toBe("binlog.000002");
    expect(purgeTo([log(1), log(2, 9999), log(3)], 250)).toBe("binlog.000003");
    expect(purgeTo([log(3, 9999)], 250)).toBeUndefined();
  });

  it("of what was shipped: from the oldest backup's place", () => {
    const segments = [segment([1, 2], { timeline: "old" }), segment([3, 4, 5])];
    const needed = [{ timeline: "one", file: "binlog.000004" }];
    expect(keptSegments(segments, needed, 1e9).map((one) => names(one.files))).toEqual([[4, 5]]);
    expect(keptSegments(segments, needed, 150).map((one) => names(one.files))).toEqual([[5]]);
    expect(keptSegments(segments, [], 1e9).map((one) => names(one.files))).toEqual([[5]]);
  });
});
