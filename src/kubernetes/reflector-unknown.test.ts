import { expect, it } from "vitest";
import { HowdahError } from "../kernel/howdah-error.ts";
import { Reflector } from "./reflector.ts";
import { resources } from "./resources.ts";
import { ManualClock } from "./testing/manual-clock.ts";

const HOUR_S = 3600;

/** How often an hour's watch of a kind that the cluster does not know asks for it. */
async function askedInAnHour(mayBeUnknown: boolean): Promise<{ readonly asked: number; readonly unknown: boolean }> {
  const clock = new ManualClock();
  let asked = 0;
  const refuse = (): never => {
    asked += 1;
    throw new HowdahError("cluster/not-installed", "the server could not find the requested resource");
  };
  const stop = new AbortController();
  const reflector = new Reflector({
    ...{ api: { list: async () => refuse(), watch: () => refuse() }, resource: resources.DatabaseServer, clock, random: () => 0.5 },
    mayBeUnknown,
  });
  const done = reflector.run(stop.signal);
  for (let second = 0; second < HOUR_S; second += 5) await clock.advance(5000);
  stop.abort();
  await clock.advance(5000);
  await done;
  return { asked, unknown: reflector.unknown };
}

it("a kind that the cluster may not know is asked for every few minutes, and counts as unknown, not as silent", async () => {
  const { asked, unknown } = await askedInAnHour(true);
  expect(unknown).toBe(true);
  expect(asked).toBeGreaterThan(12);
  expect(asked).toBeLessThan(31);
});

it("one that has to be there is asked for as after any failure", async () => {
  const { asked, unknown } = await askedInAnHour(false);
  expect(unknown).toBe(false);
  expect(asked).toBeGreaterThan(300);
});
