import { describe, expect, it } from "vitest";
import { memoryEngine } from "../engine/memory/memory-engine.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import { agentLoop, pauseMs } from "./agent-loop.ts";

describe("the agent", () => {
  it("heals again and again, whatever a pass throws, and stops at the signal", async () => {
    const stop = new AbortController();
    const lines: Record<string, unknown>[] = [];
    const pauses: number[] = [];
    const outcomes: (() => readonly string[])[] = [
      () => ["started blog"],
      () => {
        throw new HowdahError("engine/unreachable", "podman got no answer");
      },
      () => {
        throw new TypeError("a bug");
      },
      () => [],
    ];
    const engine = { ...memoryEngine(), heal: async () => (outcomes.shift() ?? (() => []))() };
    const clock = {
      now: () => 0,
      sleep: async (ms: number) => {
        pauses.push(ms);
        if (pauses.length === 4) stop.abort();
      },
    };
    await agentLoop({ engine, clock, signal: stop.signal, log: (line) => void lines.push(line), random: () => 0.5 });
    expect(pauses).toEqual([2000, 4000, 8000, 2000]);
    expect(lines.map((line) => [line["msg"], line["action"] ?? line["code"]])).toEqual([
      ["agent started", undefined],
      ["healed", "started blog"],
      ["healing failed", "engine/unreachable"],
      ["healing failed", "bug"],
      ["agent stopped", undefined],
    ]);
  });

  it.each([
    [0, 0, 1800],
    [0, 0.999, 2200],
    [20, 0.5, 60_000],
  ])("after %d failures and with jitter %d waits %d ms", (failures, random, ms) => expect(pauseMs(failures, random)).toBe(ms));
});
