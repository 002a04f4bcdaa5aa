import { describe, expect, it } from "vitest";
import { isLeftAlone, type Use } from "./use.ts";

const quiet: Use = { idleAfterSeconds: 60, lastUse: 1_000_000, state: "running" };

describe("a site is left alone", () => {
  it.each<[string, Use, number, boolean]>([
    ["when nobody has visited it for as long as its file says", quiet, 1_060_000, true],
    ["not a moment before", quiet, 1_059_999, false],
    ["never without `scale.idle`", { ...quiet, idleAfterSeconds: null }, 9_000_000, false],
    ["not while something of it changes", { ...quiet, state: "changing" }, 9_000_000, false],
    ["not again while it sleeps", { ...quiet, state: "asleep" }, 9_000_000, false],
    ["not when `howdah down` stopped it", { ...quiet, state: "down" }, 9_000_000, false],
    ["not when the clock was set back", quiet, 0, false],
  ])("%s", (_name, use, now, expected) => expect(isLeftAlone(use, now)).toBe(expected));
});
