import { describe, expect, it } from "vitest";
import { millisecondsOf } from "./age-option.ts";

describe("ages", () => {
  it.each([
    ["90m", 5_400_000],
    ["12h", 43_200_000],
    ["7d", 604_800_000],
    ["4w", 2_419_200_000],
    ["0h", 0],
  ])("%s is %d ms", (text, milliseconds) => {
    expect(millisecondsOf(text)).toBe(milliseconds);
  });

  it.each(["", "7", "d", "1.5d", "-1d", "7 d", "1y", "999999d"])("%j is refused", (text) => {
    expect(() => millisecondsOf(text)).toThrow("It takes a number and a unit");
  });
});
