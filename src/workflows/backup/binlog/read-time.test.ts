import { describe, expect, it } from "vitest";
import { readTime } from "./read-time.ts";

const now = Date.parse("2026-11-22T12:00:00Z");

describe("a second of the past", () => {
  it.each([
    ["10:05", "2026-11-22T10:05:00.000Z"],
    ["10:05:30", "2026-11-22T10:05:30.000Z"],
    ["23:59", "2026-11-21T23:59:00.000Z"],
    ["2026-11-20 08:00:01", "2026-11-20T08:00:01.000Z"],
    ["2026-11-20T08:00:01+01:00", "2026-11-20T07:00:01.000Z"],
  ])("%s is %s", (text, wanted) => {
    expect(new Date(readTime(text, now)).toISOString()).toBe(wanted);
  });

  it.each(["24:00", "10:60", "10:05:99; DROP", "yesterday", "2026-13-01T00:00:00Z", "", "2026-11-22T13:00:00Z"])(
    "%j is refused",
    (text) => {
      expect(() => readTime(text, now)).toThrow();
    },
  );
});
