import { describe, expect, it } from "vitest";
import { decideRetry, parseRetryAfter } from "./retry-decision.ts";

const none = { attempt: 0, elapsedMs: 0, retryAfterMs: undefined };

describe("decideRetry", () => {
  it.each([
    ["waits half a second to a second first", none, 0, 500],
    ["the same with the most jitter", none, 1, 1000],
    ["doubles", { ...none, attempt: 3 }, 1, 8000],
    ["never waits more than 30 s", { ...none, attempt: 40 }, 1, 30_000],
    ["waits as long as the server asks, never less", { ...none, retryAfterMs: 12_000 }, 0, 12_000],
    ["backs off though the server asks for nothing", { ...none, attempt: 2, retryAfterMs: 0 }, 1, 4000],
    ["uses the time that is left for a last try", { ...none, attempt: 9, elapsedMs: 179_000 }, 1, 1000],
  ])("%s", (_name, setback, random, waitMs) => {
    expect(decideRetry(setback, 180_000, random)).toEqual({ again: true, waitMs });
  });

  it("stops when the time is up", () => {
    expect(decideRetry({ ...none, elapsedMs: 180_000 }, 180_000, 0)).toEqual({ again: false, because: "patience" });
  });

  it("stops at once when the server asks for more time than there is", () => {
    expect(decideRetry({ ...none, retryAfterMs: 21_600_000 }, 180_000, 0)).toEqual({ again: false, because: "asks-too-long" });
  });
});

describe("parseRetryAfter", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  it.each([
    ["12", 12_000],
    ["0", 0],
    ["Sat, 21 Nov 2026 12:01:00 GMT", 60_000],
    ["Sat, 21 Nov 2026 11:00:00 GMT", 0],
    ["-5", undefined],
    ["soon", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("reads %j as %j ms", (header, milliseconds) => {
    expect(parseRetryAfter(header, now)).toBe(milliseconds);
  });
});
