import { expect, it } from "vitest";
import { diskGuardLoop } from "./disk-guard-loop.ts";

it("says what each look did, says a failure once, and goes on", async () => {
  const controller = new AbortController();
  const lines: object[] = [];
  const looks = [
    [
      { act: "level", disk: "acting", usedPercent: 96 },
      { act: "blocked", database: "blog", because: "grew-fastest" },
    ],
    new Error("the server is down"),
    new Error("the server is down"),
    [{ act: "allowed", database: "blog" }],
    new Error("down again"),
  ];
  let asked = 0;
  await diskGuardLoop({
    disks: async () => {
      asked += 1;
      return [
        {
          server: "mariadb-11-8",
          look: async () => {
            const next = looks.shift();
            if (looks.length === 0) setImmediate(() => controller.abort());
            if (next instanceof Error) throw next;
            return next ?? [];
          },
        },
      ];
    },
    clock: { now: () => 0, sleep: () => new Promise((resolve) => setImmediate(resolve)) },
    signal: controller.signal,
    log: (line) => lines.push(line),
  });
  const of = { msg: "a database's disk", server: "mariadb-11-8" };
  const failed = { level: "warning", msg: "a database's disk could not be looked after", server: "mariadb-11-8" };
  expect(asked).toBe(1);
  expect(lines.slice(0, 5)).toEqual([
    { level: "warning", ...of, act: "level", disk: "acting", usedPercent: 96 },
    { level: "warning", ...of, act: "blocked", database: "blog", because: "grew-fastest" },
    { ...failed, error: "the server is down" },
    { level: "info", ...of, act: "allowed", database: "blog" },
    { ...failed, error: "down again" },
  ]);
});
