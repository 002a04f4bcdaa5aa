import { expect, it } from "vitest";
import { stopSignals } from "./stop-signals.ts";

it.each<[string, readonly [at: number, name: NodeJS.Signals][], exits: readonly number[]]>([
  ["ends in order after one Ctrl-C", [[0, "SIGINT"]], []],
  [
    "ends at once after a second Ctrl-C",
    [
      [0, "SIGINT"],
      [900, "SIGINT"],
    ],
    [130],
  ],
  [
    "takes the same press, delivered twice, for one",
    [
      [0, "SIGINT"],
      [5, "SIGINT"],
    ],
    [],
  ],
  [
    "ends at once after a second SIGTERM",
    [
      [0, "SIGTERM"],
      [900, "SIGTERM"],
    ],
    [143],
  ],
])("%s", (_name, signals, exits) => {
  const seen: number[] = [];
  let now = 0;
  const { controller, stop } = stopSignals({ write: () => {}, exit: (code) => seen.push(code), now: () => now });
  for (const [at, name] of signals) {
    now = at;
    stop(name);
  }
  expect(controller.signal.aborted).toBe(true);
  expect(seen).toEqual(exits);
});
