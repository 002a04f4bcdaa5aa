import { describe, expect, it } from "vitest";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { Use } from "../observe/use.ts";
import { idleLoop } from "./idle-loop.ts";

/** Rounds of the loop over sites with these uses; what was put to sleep or refused, in order, and whether every lock was let go. */
async function rounds(count: number, uses: Readonly<Record<string, Partial<Use>>>, more: { refuse?: string; busy?: string } = {}) {
  const stop = new AbortController();
  const said: string[] = [];
  let held = 0;
  let passed = 0;
  let now = 100_000;
  await idleLoop({
    engine: {
      namespaces: () => Promise.resolve(Object.keys(uses)),
      use: (name) => Promise.resolve({ idleAfterSeconds: 60, lastUse: 0, state: "running", ...uses[name] }),
      sleep: (name) => {
        said.push(`sleep ${name}`);
        return Promise.resolve(more.refuse);
      },
    },
    lock: (name) => {
      if (name === more.busy) return Promise.reject(new HowdahError("machine/busy", "somebody else is at it"));
      held += 1;
      return Promise.resolve({
        release: async () => {
          held -= 1;
        },
      });
    },
    clock: {
      now: () => now,
      sleep: async (ms) => {
        now += ms;
        passed += 1;
        if (passed === count) stop.abort();
      },
    },
    signal: stop.signal,
    log: ({ msg, site }) => void said.push(`${msg} ${String(site)}`),
  });
  return { said, held };
}

describe("the agent's rounds over idle sites", () => {
  it("put to sleep who was left alone, and nobody else", async () => {
    const uses = { blog: {}, shop: { lastUse: 90_000 }, wiki: { idleAfterSeconds: null }, down: { state: "down" } } as const;
    expect(await rounds(1, uses)).toEqual({ said: ["sleep blog", "put to sleep blog"], held: 0 });
  });

  it("leave who must not sleep in peace for half a minute, then for a whole one", async () => {
    const { said } = await rounds(19, { blog: {} }, { refuse: "a connection to it is open" });
    expect(said.filter((line) => line === "sleep blog")).toHaveLength(3);
    expect(said).toContain("nobody visits it, but it must not sleep blog");
  });

  it("say nothing when a command is at it, and go on with the next", async () => {
    expect(await rounds(1, { blog: {}, shop: {} }, { busy: "blog" })).toEqual({ said: ["sleep shop", "put to sleep shop"], held: 0 });
  });
});
