import { expect, it } from "vitest";
import { retentionLoop } from "./retention-loop.ts";

it("purges each period, logs what it deleted, and survives a failure", async () => {
  const controller = new AbortController();
  const lines: object[] = [];
  const nothing = { purged: [], failed: [] };
  const results = [{ purged: ["old"], failed: [{ name: "other", error: "busy" }] }, new Error("the database is down"), nothing];
  await retentionLoop({
    purge: async () => {
      const next = results.shift();
      if (results.length === 0) controller.abort();
      if (next instanceof Error) throw next;
      return next ?? nothing;
    },
    clock: { now: () => 0, sleep: async () => undefined },
    signal: controller.signal,
    log: (line) => lines.push(line),
  });
  expect(lines).toEqual([
    { level: "info", msg: "data of a destroyed site deleted after its retention", site: "old" },
    { level: "warning", msg: "data of a destroyed site could not be deleted", site: "other", error: "busy" },
    { level: "warning", msg: "data of destroyed sites could not be deleted", error: "the database is down" },
  ]);
});
