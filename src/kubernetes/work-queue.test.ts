import { describe, expect, it } from "vitest";
import { ManualClock } from "./testing/manual-clock.ts";
import { type Again, WorkQueue } from "./work-queue.ts";

/** A queue whose work is a table: what each look at a key answers, in order; "slow" takes a second. */
function rig(answers: (key: string, look: number) => Again | "throw" | "slow" = () => "on-change", workers = 2) {
  const clock = new ManualClock();
  const looks = new Map<string, number>();
  const log: string[] = [];
  const waits: number[] = [];
  let running = 0;
  let most = 0;
  const began = clock.now();
  const busy = new Set<string>();
  const queue = new WorkQueue({
    workers,
    clock,
    random: () => 1,
    failed: (_key, _error, waitMs) => waits.push(waitMs),
    work: async (key, signal) => {
      if (busy.has(key)) throw new Error(`two workers have ${key}`);
      const look = (looks.get(key) ?? 0) + 1;
      looks.set(key, look);
      log.push(`${key}@${String(clock.now() - began)}`);
      running += 1;
      most = Math.max(most, running);
      busy.add(key);
      try {
        const answer = answers(key, look);
        if (answer === "throw") throw new Error("no");
        if (answer !== "slow") return answer;
        await clock.sleep(1000, signal);
        return "on-change";
      } finally {
        running -= 1;
        busy.delete(key);
      }
    },
  });
  const stop = new AbortController();
  const done = queue.run(stop.signal);
  return { clock, queue, log, waits, stop, done, most: () => most, times: (key: string) => looks.get(key) ?? 0 };
}

describe("a work queue", () => {
  it("works once on a key that was added often", async () => {
    const { clock, queue, log } = rig();
    for (let i = 0; i < 10; i += 1) queue.add("a");
    queue.add("b");
    await clock.advance(0);
    expect(log).toEqual(["a@0", "b@0"]);
    expect(queue.depth).toEqual({ ready: 0, waiting: 0, running: 0 });
  });

  it("works once more on a key that was added while it was worked on, never twice at a time", async () => {
    const { clock, queue, log } = rig(() => "slow", 4);
    queue.add("a");
    await clock.advance(500);
    queue.add("a");
    queue.add("a");
    await clock.advance(5000);
    expect(log).toEqual(["a@0", "a@1000"]);
  });

  it("has as many workers as it was given", async () => {
    const { clock, queue, most, log } = rig(() => "slow", 3);
    for (const key of ["a", "b", "c", "d", "e", "f", "g"]) queue.add(key);
    await clock.advance(500);
    expect(queue.depth).toEqual({ ready: 4, waiting: 0, running: 3 });
    await clock.advance(5000);
    expect([most(), log.length]).toEqual([3, 7]);
  });

  it("comes back to a key that throws later and later, and from the beginning after a success", async () => {
    const { clock, queue, waits, times } = rig((_key, look) => (look === 4 ? "on-change" : "throw"));
    queue.add("a");
    await clock.advance(499);
    expect(times("a")).toBe(1);
    await clock.advance(60_000);
    expect([times("a"), waits]).toEqual([4, [500, 1000, 2000]]);
    queue.add("a");
    await clock.advance(0);
    expect(waits.at(-1)).toBe(500);
  });

  it("never waits longer than a minute, and never gives up", async () => {
    const { clock, queue, waits } = rig(() => "throw");
    queue.add("a");
    await clock.advance(3_600_000);
    expect(Math.max(...waits)).toBe(60_000);
    expect(waits.length).toBeGreaterThan(60);
  });

  it("counts failures by key", async () => {
    const { clock, queue, times } = rig((key) => (key === "bad" ? "with-backoff" : "on-change"));
    queue.add("bad");
    await clock.advance(20_000);
    queue.add("good");
    await clock.advance(0);
    expect(times("good")).toBe(1);
  });

  it("looks at a failing key at most once a second though it changes all the time", async () => {
    const { clock, queue, times } = rig(() => "throw");
    for (let i = 0; i < 200; i += 1) {
      queue.add("a");
      await clock.advance(50); // 20 changes a second for 10 s
    }
    expect(times("a")).toBeLessThanOrEqual(12);
    expect(times("a")).toBeGreaterThanOrEqual(9);
  });

  it("looks again after a time, at the earliest of several", async () => {
    const { clock, queue, log } = rig((_key, look) => (look === 1 ? { afterMs: 5000 } : "on-change"));
    queue.add("a");
    await clock.advance(10_000);
    queue.addAfter("b", 9000);
    queue.addAfter("b", 2000);
    queue.addAfter("b", 4000);
    await clock.advance(3000);
    expect(log).toEqual(["a@0", "a@5000", "b@12000"]);
  });

  it("works at once on a key that waits for a time, when it changes, and not again then", async () => {
    const { clock, queue, log } = rig();
    queue.addAfter("a", 60_000);
    await clock.advance(1000);
    queue.add("a");
    await clock.advance(120_000);
    expect(log).toEqual(["a@1000"]);
  });

  it("works on what changed before what is only due by the clock, which is not put off for ever", async () => {
    const one = rig(() => "slow", 1);
    for (const key of ["a", "b", "c"]) one.queue.addAfter(key, 0);
    await one.clock.advance(0);
    one.queue.add("changed");
    one.queue.add("c");
    await one.clock.advance(10_000);
    expect(one.log).toEqual(["a@0", "changed@1000", "c@2000", "b@3000"]);
    const two = rig(() => "slow", 2);
    two.queue.addAfter("due", 500);
    for (let index = 0; index < 20; index += 1) two.queue.add(`changed ${String(index)}`);
    await two.clock.advance(1500);
    expect(two.log).toContain("due@1000");
  });

  it("tries all that failed again soon when their reason is gone", async () => {
    let down = true;
    const { clock, queue, times } = rig(() => (down ? "throw" : "on-change"));
    for (let i = 0; i < 5; i += 1) queue.add(`k${String(i)}`);
    await clock.advance(300_000);
    down = false;
    const before = times("k0");
    queue.hurry(10_000);
    await clock.advance(10_000);
    expect([0, 1, 2, 3, 4].map((i) => times(`k${String(i)}`))).toEqual(Array.from({ length: 5 }, () => before + 1));
  });

  it("ends with its signal, after what is under way, and begins nothing more", async () => {
    const { clock, queue, log, stop, done } = rig(() => "slow", 1);
    queue.add("a");
    queue.add("b");
    await clock.advance(100);
    stop.abort();
    await done;
    expect(log).toEqual(["a@0"]);
  });

  it("goes on when the clock is set back", async () => {
    const { clock, queue, times } = rig((_key, look) => (look === 1 ? "throw" : "on-change"));
    queue.add("a");
    await clock.advance(0);
    clock.set(clock.now() - 3_600_000);
    queue.add("a");
    await clock.advance(1000);
    expect(times("a")).toBe(2);
  });
});
