import { expect, it } from "vitest";
import { RateLimit } from "./rate-limit.ts";
import { ManualClock } from "./testing/manual-clock.ts";

const never = new AbortController().signal;

/** Asks for many at once and counts how many got through. */
function rig(perSecond: number, burst: number) {
  const clock = new ManualClock();
  const limit = new RateLimit({ perSecond, burst, clock });
  let through = 0;
  const ask = (times: number): void => {
    for (let i = 0; i < times; i += 1)
      void limit.take(never).then(() => {
        through += 1;
      });
  };
  return { clock, limit, ask, through: () => through };
}

it("lets a burst through, then the steady rate", async () => {
  const { clock, ask, through } = rig(50, 100);
  ask(300);
  await clock.advance(0);
  expect(through()).toBe(100);
  await clock.advance(1000);
  expect(through()).toBe(150);
  await clock.advance(10_000);
  expect(through()).toBe(300);
});

it("lets no burst through when a server comes back after trouble, and bursts again after calm seconds", async () => {
  const { clock, limit, ask, through } = rig(50, 100);
  limit.trouble();
  await clock.advance(9000); // the last failure before the server came back
  ask(300);
  await clock.advance(999);
  expect(through()).toBeLessThanOrEqual(51);
  await clock.advance(60_000);
  expect(through()).toBe(300);
  ask(300);
  await clock.advance(0);
  expect(through()).toBe(400);
});

it("gives a request up with its signal, and lets those behind it through", async () => {
  const { clock, limit } = rig(1, 1);
  const stop = new AbortController();
  await limit.take(never);
  const given = limit.take(stop.signal).catch((error: unknown) => error);
  const behind = limit.take(never).then(() => "through");
  await clock.advance(0);
  stop.abort(new Error("enough"));
  await expect(given).resolves.toMatchObject({ message: "enough" });
  await clock.advance(5000);
  await expect(behind).resolves.toBe("through");
});

it("goes on when the clock is set back", async () => {
  const { clock, ask, through } = rig(10, 1);
  ask(1);
  await clock.advance(0);
  clock.set(500);
  ask(1);
  await clock.advance(1000);
  expect(through()).toBe(2);
});
