import { expect, it } from "vitest";
import { primingLoop } from "./priming-loop.ts";

it("primes one after another without a pause, rests when none is left or one failed, and logs both", async () => {
  const controller = new AbortController();
  const lines: object[] = [];
  let pauses = 0;
  const results = [{ what: "blog/web" }, { what: "wiki/web" }, undefined, new Error("the disk is full"), undefined];
  await primingLoop({
    prime: async () => {
      const next = results.shift();
      if (results.length === 0) controller.abort();
      if (next instanceof Error) throw next;
      return next;
    },
    clock: {
      now: () => 0,
      sleep: async () => {
        pauses += 1;
      },
    },
    signal: controller.signal,
    log: (line) => lines.push(line),
  });
  expect(pauses).toBe(3);
  expect(lines).toEqual([
    { level: "info", msg: "code compiled for the next start", what: "blog/web" },
    { level: "info", msg: "code compiled for the next start", what: "wiki/web" },
    { level: "warning", msg: "code could not be compiled for the next start", error: "the disk is full" },
  ]);
});
