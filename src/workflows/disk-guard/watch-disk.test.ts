import { describe, expect, it } from "vitest";
import type { DiskGuardRecord } from "./disk-guard-record.ts";
import { whyNoWrites } from "./disk-guard-record.ts";
import { type GuardedServer, diskWatch } from "./watch-disk.ts";

const MIB = 1024 ** 2;

/** A server whose disk and databases the test says. */
function world() {
  const blocked = new Set<string>();
  const records = new Map<string, DiskGuardRecord>();
  const state = {
    free: 1000 * MIB,
    sizes: {} as Record<string, number>,
    limits: {} as Record<string, number>,
    own: 0,
    measured: 0,
    asked: 0,
  };
  const clock = { at: 0 };
  const reference = { name: "mariadb-11-8", locate: async () => undefined };
  const server: GuardedServer = {
    reference,
    room: async () => ({ totalBytes: 1000 * MIB, freeBytes: state.free }),
    sizes: async () => {
      state.measured += 1;
      return new Map(Object.entries(state.sizes));
    },
    limits: async () => new Map(Object.entries(state.limits)),
    ownBytes: async () => state.own,
  };
  const look = diskWatch(server, {
    clock: { now: () => clock.at, sleep: async () => undefined },
    databases: {
      blockWrites: async ({ name }) => void blocked.add(name),
      allowWrites: async ({ name }) => void blocked.delete(name),
      blockedDatabases: async () => {
        state.asked += 1;
        return [...blocked];
      },
    },
    diskGuards: { get: async (name) => records.get(name), put: async (name, record) => void records.set(name, record) },
  });
  return { state, look, blocked, records, clock };
}

const of = (name: string) => ({ ...{ server: "mariadb-11-8", host: "", port: 0 }, ...{ name, user: name, uid: "" } });

describe("a watch of a database's disk", () => {
  it("asks nothing but the free space while there is room", async () => {
    const { look, state } = world();
    await look();
    await look();
    await look();
    expect([state.measured, state.asked]).toEqual([1, 1]); // the first look, which knows nothing of a former agent's doing
  });

  it("blocks who fills it, says why, and gives back when there is room", async () => {
    const { look, state, blocked, records } = world();
    state.sizes = { loud: 790 * MIB, quiet: MIB };
    await look();
    await look();
    [state.free, state.sizes] = [130 * MIB, { loud: 800 * MIB, quiet: MIB }]; // who grows is known only at the next look
    expect(await look()).toEqual([{ act: "level", disk: "acting", usedPercent: 87 }]);
    [state.free, state.sizes] = [125 * MIB, { loud: 805 * MIB, quiet: 1.1 * MIB }];
    expect(await look()).toEqual([{ act: "blocked", database: "loud", because: "grew-fastest" }]);
    expect(whyNoWrites(of("loud"), records.get("mariadb-11-8"))).toContain("grew fastest");
    expect(whyNoWrites(of("quiet"), records.get("mariadb-11-8"))).toBeUndefined();
    expect(whyNoWrites(null, undefined)).toBeUndefined();
    expect(await look()).toEqual([]);
    [state.free, state.sizes] = [900 * MIB, { loud: MIB, quiet: 1.1 * MIB }];
    expect(await look()).toEqual([
      { act: "allowed", database: "loud" },
      { act: "level", disk: "fine", usedPercent: 10 },
    ]);
    expect([...blocked]).toEqual([]);
    expect(records.get("mariadb-11-8")).toMatchObject({ level: "fine", blocked: [] });
    state.measured = 0;
    await look();
    expect(state.measured).toBe(0);
  });

  it("says what takes the disk, so that files beside databases are not put down to a site", async () => {
    const { look, state, records, blocked } = world();
    state.sizes = { quiet: 50 * MIB };
    state.own = 20 * MIB;
    await look();
    state.free = 50 * MIB;
    await look();
    expect(records.get("mariadb-11-8")?.takes).toEqual({ databases: 50 * MIB, server: 20 * MIB, others: 880 * MIB });
    expect([...blocked]).toEqual(["quiet"]);
    expect(whyNoWrites(of("quiet"), records.get("mariadb-11-8"))).toContain("files beside databases");
  });

  it("does not let who was stopped for its speed write at once again, room though there is", async () => {
    const { look, state, clock } = world();
    state.sizes = { loud: 100 * MIB };
    await look();
    [state.free, state.sizes] = [700 * MIB, { loud: 400 * MIB }];
    expect(await look()).toEqual([
      { act: "blocked", database: "loud", because: "grew-fastest" },
      { act: "level", disk: "acting", usedPercent: 30 },
    ]);
    expect(await look()).toEqual([{ act: "level", disk: "fine", usedPercent: 30 }]);
    expect(await look()).toEqual([]);
    clock.at = 60_000;
    expect(await look()).toEqual([{ act: "allowed", database: "loud" }]);
  });

  it("stops a tenant that is above its profile within fifteen looks, though there is room, until it is below", async () => {
    const { look, state, blocked } = world();
    [state.sizes, state.limits] = [{ big: 90 * MIB, free: 500 * MIB }, { big: 100 * MIB }];
    const fifteen = async (): Promise<unknown[]> => (await Promise.all(Array.from({ length: 15 }, () => look()))).flat();
    expect(await fifteen()).toEqual([]);
    state.sizes = { big: 101 * MIB, free: 500 * MIB };
    expect(await fifteen()).toEqual([{ act: "blocked", database: "big", because: "above-its-profile" }]);
    const before = state.measured;
    expect(await fifteen()).toEqual([]);
    expect(state.measured - before).toBe(1);
    state.sizes = { big: 20 * MIB, free: 500 * MIB };
    expect(await fifteen()).toEqual([{ act: "allowed", database: "big" }]);
    expect([...blocked]).toEqual([]);
  });

  it("gives back what a former agent blocked, though its record is lost", async () => {
    const { look, state, blocked } = world();
    [state.sizes] = [{ loud: MIB }];
    blocked.add("loud");
    expect(await look()).toEqual([{ act: "allowed", database: "loud" }]);
    expect([...blocked]).toEqual([]);
  });
});
