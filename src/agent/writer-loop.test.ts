import { expect, it } from "vitest";
import { writerLoop } from "./writer-loop.ts";

it("says what changed each time, and what is wrong once, until it is something else", async () => {
  const ended = new AbortController();
  const rounds = [
    [{ server: "a", writer: null, error: "dead" }],
    [{ server: "a", writer: null, error: "dead" }],
    [{ server: "a", writer: "10.0.0.6:3306" }],
    "a failure",
    [{ server: "a", writer: null, error: "dead" }],
  ];
  const said: string[] = [];
  await writerLoop({
    follow: async () => {
      const round = rounds.shift() ?? [];
      if (rounds.length === 0) ended.abort();
      if (typeof round === "string") throw new Error(round);
      return round;
    },
    clock: { now: () => 0, sleep: () => Promise.resolve() },
    signal: ended.signal,
    log: (entry) => said.push(`${entry.level} ${String((entry as { error?: string }).error ?? (entry as { writer?: string }).writer)}`),
  });
  expect(said).toEqual(["warning dead", "info 10.0.0.6:3306", "warning Error: a failure", "warning dead"]);
});
