import { describe, expect, it } from "vitest";
import { releasesOf } from "../release/release-store.ts";
import { recoverCutOff } from "../rollout/recover-rollout.ts";
import { type MoveRig, moveRig } from "../testing/move-rig.ts";
import { Killed } from "../testing/release-rig.ts";
import { dropExpiredFormers, dropFormersOf } from "./former-databases.ts";
import { abortMove, listMoves, moveOf } from "./list-moves.ts";

const OLD = "mariadb-10-11";
const NEW = "mariadb-11-8";

async function serving(): Promise<{ readonly rig: MoveRig; readonly acknowledged: number[]; readonly write: () => Promise<boolean> }> {
  const rig = await moveRig();
  const acknowledged: number[] = [];
  let next = 0;
  const write = async (): Promise<boolean> => {
    const row = ++next;
    if (!(await rig.write(row))) return false;
    acknowledged.push(row);
    return true;
  };
  for (let count = 0; count < 3; count++) await write();
  return { rig, acknowledged, write };
}

const rowsOn = (rig: MoveRig, server: string) => rig.servers.get(server)?.get("blog")?.rows;

describe("a move", () => {
  it("brings all that was acknowledged, also while it copies, and keeps the former database locked", async () => {
    const { rig, acknowledged, write } = await serving();
    rig.faults.after = async (call) => {
      if (call !== "carrier.copy") return;
      expect(await write()).toBe(true);
      expect(await moveOf("blog", rig.ports)).toMatchObject({ from: OLD, to: NEW, step: "copy", held: false });
    };
    expect(await moveOf("blog", rig.ports)).toBeNull();
    const done = await rig.move(NEW);
    expect(done).toMatchObject({ from: OLD, to: NEW, noCatchUp: null, release: "r2", rows: 4, fileWords: 'version: "11.8"' });
    expect([await rig.host(), await write()]).toEqual([NEW, true]);
    expect(rowsOn(rig, NEW)).toEqual(acknowledged);
    expect(rig.servers.get(OLD)?.get("blog")?.locked).toBe(true);
    expect(await listMoves(rig.ports)).toMatchObject({ moves: [], kept: [{ server: OLD, movedTo: NEW }] });
    expect((await rig.ports.records.get("blog"))?.database).toMatchObject({ server: NEW, host: NEW });
  });

  it("goes back with what was written since, in the place of what was kept", async () => {
    const { rig, acknowledged, write } = await serving();
    await rig.move(NEW);
    await write();
    const back = await rig.move(OLD);
    expect(back.noCatchUp).toContain("older");
    expect([await rig.host(), rowsOn(rig, OLD), await write()]).toEqual([OLD, acknowledged, true]);
    expect((await listMoves(rig.ports)).kept).toMatchObject([{ server: NEW }]);
  });

  it("that is refused keeps what was kept from the last one", async () => {
    const { rig, acknowledged, write } = await serving();
    await rig.move(NEW);
    rig.faults.before = (call) => {
      if (call === "mover.describe") throw new Error("it is refused");
    };
    await expect(rig.move(OLD)).rejects.toThrow("it is refused");
    expect([await rig.host(), await write(), rowsOn(rig, NEW)]).toEqual([NEW, true, acknowledged]);
    expect(rowsOn(rig, OLD)).toEqual(acknowledged.slice(0, 3));
    expect((await listMoves(rig.ports)).kept).toMatchObject([{ server: OLD }]);
  });

  it.each(["carrier.copy", "carrier.replay", "mover.content", "databases.suspendUser", "mover.serverFacts"])(
    "that fails at %s leaves the site where it was, and nothing on the other server",
    async (call) => {
      const { rig, acknowledged, write } = await serving();
      rig.faults.after = async (name) => {
        if (name === "carrier.copy") await write(); // something to replay
      };
      rig.faults.before = (name) => {
        if (name === call) throw new Error("it failed");
      };
      await expect(rig.move(NEW)).rejects.toThrow("it failed");
      rig.faults.before = () => undefined;
      await requireOn(rig, OLD, acknowledged, write);
    },
  );

  it("with a copy that differs is undone", async () => {
    const { rig, acknowledged, write } = await serving();
    rig.faults.before = (call) => {
      if (call === "mover.content") rig.servers.get(NEW)?.get("blog")?.rows.push(99);
    };
    await expect(rig.move(NEW)).rejects.toMatchObject({ code: "database/copy-differs" });
    await requireOn(rig, OLD, acknowledged, write);
  });

  it("does not touch a database of that name that is somebody's", async () => {
    const { rig, acknowledged, write } = await serving();
    const others = { uid: "other", rows: [7], locked: false };
    (rig.servers as Map<string, Map<string, typeof others>>).set(NEW, new Map([["blog", others]]));
    await expect(rig.move(NEW)).rejects.toMatchObject({ code: "database/move-refused" });
    expect(rowsOn(rig, NEW)).toEqual([7]);
    expect([await rig.host(), await write(), rowsOn(rig, OLD)]).toEqual([OLD, true, acknowledged]);
  });

  it.each([
    { to: OLD, code: "usage/invalid" },
    { to: "mariadb-9-9", code: "database/server-unknown" },
    { to: "group", code: "database/server-unknown" },
  ])("to $to is refused ($code)", async ({ to, code }) => {
    const { rig } = await serving();
    await expect(rig.move(to)).rejects.toMatchObject({ code });
    expect((await listMoves(rig.ports)).moves).toEqual([]);
  });

  it("killed at any call is undone or finished, and can be asked for again", { timeout: 120_000 }, async () => {
    let finished = 0;
    let undone = 0;
    for (let killAt = 1; ; killAt++) {
      const { rig, acknowledged, write } = await serving();
      const error = await rig.move(NEW, { killAt }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      if (error === undefined) break;
      expect(error).toBeInstanceOf(Killed);
      // Once the agent settles it, once the same command does, which answers as if it had done it all.
      if (killAt % 2 === 0) expect(await recoverCutOff(rig.ports, rig.context)).toMatchObject({ failed: [] });
      else expect(await rig.move(NEW)).toMatchObject({ from: OLD, to: NEW });
      const server = await rig.host();
      if (server === OLD) {
        undone++;
        await requireOn(rig, OLD, acknowledged, write);
        await rig.move(NEW);
      } else finished++;
      expect([await rig.host(), await write()]).toEqual([NEW, true]);
      expect(rowsOn(rig, NEW)).toEqual(acknowledged);
      expect(rig.servers.get(OLD)?.get("blog")?.locked).toBe(true);
      expect(await listMoves(rig.ports)).toMatchObject({ moves: [], kept: [{ server: OLD }] });
      expect((await releasesOf("blog", rig.ports)).filter(({ outcome }) => outcome?.state === "serving")).toHaveLength(1);
    }
    expect(undone).toBeGreaterThan(15);
    expect(finished).toBeGreaterThan(20);
  });

  it.each([20, 40, 50])("killed at its call %i is gone on with by the same command", async (killAt) => {
    const { rig, acknowledged, write } = await serving();
    await expect(rig.move(NEW, { killAt })).rejects.toBeInstanceOf(Killed);
    await rig.move(NEW);
    expect([await rig.host(), await write()]).toEqual([NEW, true]);
    expect(rowsOn(rig, NEW)).toEqual(acknowledged);
  });

  it("wakes a site that sleeps, and asks for one that was stopped to be started", async () => {
    const { rig } = await serving();
    await rig.engine.sleep("blog", { force: true }, rig.context);
    await rig.move(NEW);
    await rig.engine.scaleDown("blog", rig.context);
    await expect(rig.move(OLD)).rejects.toMatchObject({ code: "site/down" });
  });

  it("that was cut off is taken back by a person, too", async () => {
    const { rig, acknowledged, write } = await serving();
    await rig.move(NEW, { killAt: 40 }).catch(() => undefined);
    expect((await listMoves(rig.ports)).moves).toHaveLength(1);
    expect(await abortMove("blog", rig.ports, rig.context)).toContain("is undone");
    await requireOn(rig, OLD, acknowledged, write);
    await expect(abortMove("blog", rig.ports, rig.context)).rejects.toMatchObject({ code: "usage/invalid" });
  });
});

/** As if nothing had been. */
async function requireOn(rig: MoveRig, server: string, acknowledged: readonly number[], write: () => Promise<boolean>): Promise<void> {
  const other = server === OLD ? NEW : OLD;
  expect([await rig.host(), await write()]).toEqual([server, true]);
  expect([rowsOn(rig, server), rowsOn(rig, other)]).toEqual([acknowledged, undefined]);
  expect((await rig.ports.records.get("blog"))?.database?.server).toBe(server);
  expect(await listMoves(rig.ports)).toEqual({ moves: [], kept: [] });
}

describe("a former database", () => {
  it("is dropped when its retention has ended, not before, and never the one that serves", async () => {
    const { rig, acknowledged } = await serving();
    await rig.move(NEW);
    expect(await dropExpiredFormers(rig.ports)).toEqual({ purged: [], failed: [] });
    const later = { ...rig.ports, clock: { ...rig.ports.clock, now: () => Date.parse("2026-12-24T00:00:00Z") } };
    expect(await dropExpiredFormers(later)).toEqual({ purged: [`blog.${OLD}`], failed: [] });
    expect([rowsOn(rig, OLD), rowsOn(rig, NEW)]).toEqual([undefined, acknowledged]);
  });

  it("that was on a server whose volume is gone holds up no deletion of the site's data", async () => {
    const { rig } = await serving();
    await rig.move(NEW);
    const databases = { ...rig.ports.databases, dropDatabase: () => Promise.reject(new Error("it is asked")) };
    await expect(dropFormersOf("blog", { ...rig.ports, databases }, async () => false)).rejects.toThrow("it is asked");
    await dropFormersOf("blog", { ...rig.ports, databases }, async (server) => server === OLD);
    expect((await listMoves(rig.ports)).kept).toEqual([]);
  });
});
