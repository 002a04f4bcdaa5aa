import { describe, expect, it } from "vitest";
import { type Backoff, startAgain } from "./backoff.ts";

/** Seconds at which something that ends after `lasts` seconds is started, asked each second. */
function starts(lasts: number, until: number): number[] {
  let backoff: Backoff | undefined;
  let endsAt = 0;
  const at: number[] = [];
  for (let second = 0; second < until; second++) {
    const next = second < endsAt ? undefined : startAgain(backoff, second * 1000);
    if (next === undefined) continue;
    backoff = next;
    endsAt = second + lasts;
    at.push(second);
  }
  return at;
}

describe("starting again", () => {
  it("waits longer each time for what falls at once", () => expect(starts(0, 40)).toEqual([0, 1, 3, 7, 15, 31]));
  it("waits five minutes at most", () => expect(starts(0, 1200).slice(-2)).toEqual([811, 1111]));
  it("waits never for what lasts an hour", () => expect(starts(3600, 20_000)).toEqual([0, 3600, 7200, 10_800, 14_400, 18_000]));
});
