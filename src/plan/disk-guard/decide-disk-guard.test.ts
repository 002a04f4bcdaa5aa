import { describe, expect, it } from "vitest";
import { type DatabaseGrowth, decideDiskGuard, diskReserve, isQuietDisk, type DiskSight, usedPercent } from "./decide-disk-guard.ts";

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;

function database(name: string, more: Partial<DatabaseGrowth> = {}): DatabaseGrowth {
  return { name, bytes: 10 * MIB, grewBytes: 0, limitBytes: null, blocked: false, ...more };
}

/** A volume of 10 GiB with so many percent used. */
function sight(used: number, databases: readonly DatabaseGrowth[], fellBytes = 0): DiskSight {
  return { space: { totalBytes: 10 * GIB, freeBytes: (10 * GIB * (100 - used)) / 100 }, fellBytes, databases };
}

const fast = database("loud", { blocked: true });

const grows = database("loud", { grewBytes: 5 * MIB });
const still = database("quiet");

describe("who was stopped for its speed while there was room for a slower one", () => {
  it.each([
    ["stays so at the next look", { ms: 1000, freedBytes: 0 }, []],
    ["writes again once room was made", { ms: 1000, freedBytes: 70 * MIB }, ["loud"]],
    ["writes again after a minute", { ms: 60_000, freedBytes: 0 }, ["loud"]],
    ["does not stay so for a clock that was set back", { ms: -3_600_000, freedBytes: 0 }, ["loud"]],
    ["writes again where nobody wrote down when", undefined, ["loud"]],
  ])("%s", (_, sinceBlock, giveBack) => {
    expect(decideDiskGuard(sight(50, [{ ...fast, sinceBlock }]))).toEqual({ level: "fine", block: [], giveBack });
  });
});

describe("a disk of a database server", () => {
  it.each<[string, DiskSight, ReturnType<typeof decideDiskGuard>]>([
    ["fine: nobody is touched", sight(80, [grows, still]), { level: "fine", block: [], giveBack: [] }],
    ["85 %: only said", sight(85, [grows, still]), { level: "warning", block: [], giveBack: [] }],
    [
      "95 %: who grows fastest",
      sight(95, [still, grows, database("slow", { grewBytes: 1 })]),
      { level: "acting", block: [{ name: "loud", because: "grew-fastest" }], giveBack: [] },
    ],
    ["95 %, and nobody grows: files beside them fill it", sight(96, [still]), { level: "acting", block: [], giveBack: [] }],
    [
      "95 %: who is blocked is not blocked again",
      sight(96, [{ ...grows, blocked: true }, still]),
      { level: "acting", block: [], giveBack: [] },
    ],
    [
      "95 %: the next one, when it goes on",
      sight(96, [{ ...grows, blocked: true }, database("next", { grewBytes: 15 * MIB })]),
      { level: "acting", block: [{ name: "next", because: "grew-fastest" }], giveBack: [] },
    ],
    [
      "95 %: who writes a little goes on beside one that is blocked",
      sight(96, [{ ...grows, blocked: true }, database("small", { grewBytes: 1 })]),
      { level: "acting", block: [], giveBack: [] },
    ],
    ["95 %, and nobody writes much", sight(95, [database("small", { grewBytes: 1 })]), { level: "acting", block: [], giveBack: [] }],
    [
      "little room: also who writes a little",
      sight(99.1, [database("small", { grewBytes: 1 }), still]),
      { level: "acting", block: [{ name: "small", because: "grew-fastest" }], giveBack: [] },
    ],
    [
      "so fast that two more looks would fill it",
      sight(70, [grows], 1.5 * GIB),
      { level: "acting", block: [{ name: "loud", because: "grew-fastest" }], giveBack: [] },
    ],
    [
      "almost nothing left: nobody writes",
      sight(99.5, [grows, still]),
      {
        level: "critical",
        block: [
          { name: "loud", because: "no-room-for-anybody" },
          { name: "quiet", because: "no-room-for-anybody" },
        ],
        giveBack: [],
      },
    ],
    [
      "room again: who was blocked writes",
      sight(60, [{ ...grows, blocked: true, grewBytes: 0 }, still]),
      { level: "fine", block: [], giveBack: ["loud"] },
    ],
    ["between 90 % and 95 %: neither", sight(92, [{ ...grows, blocked: true }, grows]), { level: "warning", block: [], giveBack: [] }],
    [
      "above its profile, whatever the disk",
      sight(10, [database("big", { bytes: 101, limitBytes: 100 }), still]),
      { level: "fine", block: [{ name: "big", because: "above-its-profile" }], giveBack: [] },
    ],
    [
      "above its profile goes first",
      sight(95, [grows, database("big", { bytes: 101, limitBytes: 100 })]),
      { level: "acting", block: [{ name: "big", because: "above-its-profile" }], giveBack: [] },
    ],
    [
      "still above its profile: stays blocked",
      sight(10, [database("big", { bytes: 99, limitBytes: 100, blocked: true })]),
      { level: "fine", block: [], giveBack: [] },
    ],
    [
      "below its profile again",
      sight(10, [database("big", { bytes: 90, limitBytes: 100, blocked: true })]),
      { level: "fine", block: [], giveBack: ["big"] },
    ],
  ])("%s", (_name, seen, expected) => {
    expect(decideDiskGuard(seen)).toEqual(expected);
  });
});

/** A machine's own disk, as sites share it with everything else. */
function terabyte(freeGib: number, databases: readonly DatabaseGrowth[]): DiskSight {
  return { space: { totalBytes: 1024 * GIB, freeBytes: freeGib * GIB }, fellBytes: 0, databases };
}

it.each<[string, DiskSight, ReturnType<typeof decideDiskGuard>]>([
  ["96 % used, 40 GiB free: nobody is touched", terabyte(40, [grows, still]), { level: "fine", block: [], giveBack: [] }],
  ["12 GiB free: only said", terabyte(12, [grows, still]), { level: "warning", block: [], giveBack: [] }],
  [
    "less than 4 GiB free: who grows fastest",
    terabyte(3.9, [grows, still]),
    { level: "acting", block: [{ name: "loud", because: "grew-fastest" }], giveBack: [] },
  ],
  [
    "room again, though 99 % are used",
    terabyte(9, [{ ...grows, blocked: true, grewBytes: 0 }]),
    { level: "warning", block: [], giveBack: ["loud"] },
  ],
])("of a large disk the gigabytes count, not the percents: %s", (_name, seen, expected) => {
  expect(decideDiskGuard(seen)).toEqual(expected);
});

it("is looked at closely while somebody takes of what is left, not because it is well used", () => {
  const quiet = (used: number, fellBytes: number, former: Parameters<typeof isQuietDisk>[2]) =>
    isQuietDisk(sight(used, []).space, fellBytes, former);
  const fine = { level: "fine", anyBlocked: false } as const;
  const warned = { level: "warning", anyBlocked: false } as const;
  expect([quiet(70, 5 * MIB, fine), quiet(82, 0, fine), quiet(82, MIB, fine), quiet(88, 0, fine)]).toEqual([true, true, false, false]);
  expect([quiet(88, 0, warned), quiet(88, MIB, warned), quiet(88, 0, { ...warned, anyBlocked: true })]).toEqual([true, false, false]);
  expect(quiet(96, 0, { level: "acting", anyBlocked: false })).toBe(false);
});

it("keeps 128 MiB, of a small volume a quarter", () => {
  expect(diskReserve(100 * GIB)).toBe(128 * MIB);
  expect(diskReserve(200 * MIB)).toBe(50 * MIB);
});

it("counts as df does, also without a disk", () => {
  expect(usedPercent({ totalBytes: 200, freeBytes: 50 })).toBe(75);
  expect(usedPercent({ totalBytes: 0, freeBytes: 0 })).toBe(0);
});

/** A tenant that fills a disk at a steady speed, another that writes a little; looks once a second, and what is blocked stops a second later. */
it.each([1, 10, 50, 200, 400])("stops a tenant that writes %i MiB a second before the reserve is half gone, and only it", (speed) => {
  let free = 10 * GIB;
  let loud = 0;
  let blockedAt: number | undefined;
  for (let second = 0; second < 20_000 && (blockedAt === undefined || second < blockedAt + 5); second++) {
    const writes = blockedAt === undefined || second <= blockedAt ? speed * MIB : 0;
    loud += writes;
    free -= writes + 1024;
    const databases = [
      database("loud", { bytes: loud, grewBytes: writes, blocked: blockedAt !== undefined }),
      database("quiet", { grewBytes: 1024 }),
    ];
    const { block } = decideDiskGuard({ space: { totalBytes: 10 * GIB, freeBytes: free }, fellBytes: writes + 1024, databases });
    expect(block.map(({ name }) => name).filter((name) => name !== "loud")).toEqual([]);
    if (block.length > 0) blockedAt ??= second;
  }
  expect(blockedAt).toBeDefined();
  expect(free).toBeGreaterThan(diskReserve(10 * GIB) / 2);
});
