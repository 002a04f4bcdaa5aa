import { describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Cluster } from "./cluster.ts";
import { lastWord, podJudge } from "./judge-pods.ts";
import type { PodObject } from "./views.ts";

describe("the last word of a pod that fell", () => {
  it.each<{ name: string; why: string; words: string[]; says: string | undefined }>([
    {
      name: "is the line of the container that fell which sounds like it",
      why: "php: it ended with exit code 70",
      words: ["web: [error] connect() failed", "php: Fatal error: Uncaught Exception: no", "php: #0 {main}"],
      says: "Fatal error: Uncaught Exception: no",
    },
    { name: "is its last line when none does", why: "php: it ended with exit code 1", words: ["php: a", "php: b", "web: c"], says: "b" },
    { name: "needs no name in a pod of one container", why: "web: it ended with exit code 1", words: ["[emerg] no"], says: "[emerg] no" },
    { name: "is nothing when nothing was said", why: "web: it ended with exit code 1", words: [], says: undefined },
    { name: "fits a line", why: "web: it", words: [`web: error ${"x".repeat(1000)}`], says: `error ${"x".repeat(394)}` },
  ])("$name", ({ why, words, says }) => {
    expect(lastWord(why, words)).toBe(says);
  });
});

describe("a pod that no node takes", () => {
  const words = "0/3 nodes are available: 3 Insufficient memory.";
  const pod: PodObject = {
    ...{ apiVersion: "v1", kind: "Pod", metadata: { name: "web-1", namespace: "alpha", uid: "u1" }, spec: { containers: [] } },
    status: { phase: "Pending", conditions: [{ type: "PodScheduled", status: "False", reason: "Unschedulable", message: words }] },
  };

  /** Seconds after which a person was told, and after which it was given up. */
  async function timesOf(patience: {
    readonly deadlineMs: number;
    readonly placeMs?: number;
  }): Promise<readonly [number[], number, string]> {
    let now = 0;
    const api = { list: async () => ({ items: [], resourceVersion: "" }) };
    const told: number[] = [];
    const cluster = { api, clock: { now: () => now } } as unknown as Cluster;
    const judge = podJudge(cluster, {
      ...patience,
      progress: () => undefined,
      trouble: (why) => void (why.includes(words) && told.push(now / 1000)),
    });
    for (;;) {
      const failure = await judge.look([pod]).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failure instanceof HowdahError) return [told, now / 1000, failure.message];
      now += 500;
    }
  }

  it.each<{ name: string; patience: { deadlineMs: number; placeMs?: number }; gaveUp: number }>([
    {
      name: "is told after half a minute in the scheduler's words, and waited for as long as the release may take",
      patience: { deadlineMs: 900_000 },
      gaveUp: 900,
    },
    {
      name: "is waited for five minutes, however quick a release has to start",
      patience: { deadlineMs: 60_000 },
      gaveUp: 300,
    },
    {
      name: "is waited for less where somebody says so",
      patience: { deadlineMs: Number.POSITIVE_INFINITY, placeMs: 300_000 },
      gaveUp: 300,
    },
  ])("$name", async ({ patience, gaveUp }) => {
    expect(await timesOf(patience)).toEqual([[30], gaveUp, `no node takes the pod: Unschedulable: ${words}`]);
  });
});
