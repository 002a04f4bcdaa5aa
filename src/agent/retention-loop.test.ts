import { expect, it } from "vitest";
import { retentionLoop } from "./retention-loop.ts";

it("purges each period, logs what it deleted, and survives a failure", async () => {
  const controller = new AbortController();
  const lines: object[] = [];
  const results = [["old"], new Error("the database is down"), []];
  await retentionLoop({
    purge: async () => {
      const next = results.shift();
      if (results.length === 0) controller.abort();
      if (next instanceof Error) throw next;
      return next ?? [];
    },
    clock: { now: () => 0, sleep: async () => undefined },
    signal: controller.signal,
    log: (line) => lines.push(line),
  });
  expect(lines).toEqual([
    { level: "info", msg: "data of a destroyed site deleted after its retention", site: "old" },
    { level: "warning", msg: "data of destroyed sites could not be deleted", error: "the database is down" },
  ]);
});
