import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../../kernel/clock.ts";
import { AGENT_COMMAND, namespaceLock } from "./namespace-lock.ts";

/** A clock that only moves when somebody sleeps. */
function steppingClock(onSleep: (now: number) => Promise<void> = async () => {}): Clock {
  let now = 0;
  return {
    now: () => now,
    sleep: async (ms) => {
      now += ms;
      await onSleep(now);
    },
  };
}

describe("the lock of a namespace", () => {
  let directory = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "howdah-lock-"));
  });
  afterEach(() => rm(directory, { recursive: true }));
  const lockWith = (clock: Clock) => namespaceLock(directory, directory, clock);
  const info = () => join(directory, "locks", "blog.json");

  it("names who holds it", async () => {
    const held = await lockWith(steppingClock())("blog", "howdah up");
    const second = lockWith(steppingClock())("blog", "howdah down");
    await expect(second).rejects.toMatchObject({ code: "machine/busy", message: expect.stringContaining("`howdah up`") });
    await held.release();
  });

  it.each<{ name: string; holder: string; waitMs: number; waited: number }>([
    { name: "asks again for two seconds when nobody says who holds it", holder: "", waitMs: 0, waited: 2000 },
    { name: "asks again when the file is half-written", holder: '{"pid":', waitMs: 0, waited: 2000 },
    {
      name: "asks again when the file names a process that ended",
      holder: '{"pid":999999999,"command":"howdah up"}',
      waitMs: 0,
      waited: 2000,
    },
    { name: "waits for the agent's pass", holder: JSON.stringify({ pid: process.pid, command: AGENT_COMMAND }), waitMs: 0, waited: 60_000 },
    {
      name: "waits longer for the agent when it was told to",
      holder: JSON.stringify({ pid: process.pid, command: AGENT_COMMAND }),
      waitMs: 120_000,
      waited: 120_000,
    },
  ])("$name", async ({ holder, waitMs, waited }) => {
    const held = await lockWith(steppingClock())("blog", "howdah up");
    await mkdir(join(directory, "locks"), { recursive: true });
    await (holder === "" ? rm(info()) : writeFile(info(), holder));
    const clock = steppingClock();
    await expect(lockWith(clock)("blog", "howdah down", { waitMs })).rejects.toMatchObject({ code: "machine/busy" });
    expect(clock.now()).toBe(waited);
    await held.release();
  });

  it("takes it when the unknown holder lets go", async () => {
    const held = await lockWith(steppingClock())("blog", "howdah up");
    await rm(info());
    const clock = steppingClock((now) => (now === 500 ? held.release() : Promise.resolve()));
    await (await lockWith(clock)("blog", "howdah down")).release();
  });
});
