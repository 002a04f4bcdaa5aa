import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../src/kernel/clock.ts";

/** The real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  },
};

/** The real clock, so many times as fast: for what happens when a patience of minutes ends, where nothing else needs that time. */
export function fastClock(times: number): Clock {
  const begun = Date.now();
  return {
    now: () => begun + (Date.now() - begun) * times,
    sleep: (ms, signal) => systemClock.sleep(ms / times, signal),
  };
}
