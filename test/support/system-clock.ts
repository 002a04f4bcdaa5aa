import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../src/kernel/clock.ts";

/** The real clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  async sleep(ms, signal) {
    await sleep(ms, undefined, signal === undefined ? {} : { signal });
  },
};
