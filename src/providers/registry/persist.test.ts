import { describe, expect, it } from "vitest";
import type { Clock } from "../../kernel/clock.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { type Patience, persist } from "./persist.ts";
import { connectionFailure, failureOf, PassingFailure, type RefusedAnswer } from "./registry-failure.ts";

/** A clock that jumps instead of waiting. */
function rig(): { readonly patience: Patience; readonly said: string[]; readonly waited: number[] } {
  let now = 0;
  const said: string[] = [];
  const waited: number[] = [];
  const clock: Clock = {
    now: () => now,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      waited.push(ms);
      now += ms;
    },
  };
  const patience = {
    clock,
    random: () => 1,
    patienceMs: 60_000,
    say: (words: string) => said.push(words),
    signal: new AbortController().signal,
  };
  return { patience, said, waited };
}

const busy = (retryAfter?: string): RefusedAnswer => ({
  host: "r.example.org",
  status: 429,
  headers: retryAfter === undefined ? {} : { "retry-after": retryAfter },
  words: "",
  what: "push of blog",
  now: 0,
});

async function code(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "none",
    (error: unknown) => (error instanceof HowdahError ? `${error.code}: ${error.message}` : String(error)),
  );
}

describe("persist", () => {
  it("waits as the server asks, says so, and goes on", async () => {
    const { patience, said, waited } = rig();
    let tries = 0;
    const work = async (): Promise<string> => {
      tries += 1;
      if (tries < 3) throw failureOf(busy("12"));
      return "done";
    };
    expect(await persist(work, patience)).toBe("done");
    expect(waited).toEqual([13_000, 13_000]);
    expect(said[0]).toBe("r.example.org says 429, too many requests, trying again in 13 s");
  });

  it("gives up after its patience, with a name", async () => {
    const { patience, waited } = rig();
    const found = await code(
      persist(() => Promise.reject(connectionFailure(Object.assign(new Error("x"), { code: "ECONNREFUSED" }), "r")), patience),
    );
    expect(found).toBe("registry/unreachable: r refuses the connection: tried for 60 s, nothing worked");
    expect(waited.reduce((sum, ms) => sum + ms, 0)).toBe(60_000);
  });

  it("begins its patience anew when something worked", async () => {
    const { patience, waited } = rig();
    let left = 12;
    const work = async (progress: () => void): Promise<void> => {
      progress();
      left -= 1;
      if (left > 0) throw new PassingFailure("cut", { retryAfterMs: 50_000 });
    };
    await persist(work, patience);
    expect(waited.reduce((sum, ms) => sum + ms, 0)).toBeGreaterThan(500_000);
  });

  it("does not wait for what the server puts off beyond the patience", async () => {
    const { patience, waited } = rig();
    expect(await code(persist(() => Promise.reject(failureOf(busy("21600"))), patience))).toMatch(/^registry\/rate-limited: .*21600 s/);
    expect(waited).toEqual([]);
  });

  it("repeats nothing that is final", async () => {
    const { patience, waited } = rig();
    expect(await code(persist(() => Promise.reject(failureOf({ ...busy(), status: 403 })), patience))).toMatch(/^registry\/unauthorized/);
    expect(waited).toEqual([]);
  });
});

describe("failures", () => {
  it.each([
    [400, "registry/refused"],
    [401, "registry/unauthorized"],
    [403, "registry/unauthorized"],
    [404, "registry/not-found"],
    [413, "registry/refused"],
    [418, "registry/refused"],
  ])("%i is %s", (status, name) => {
    expect(failureOf({ ...busy(), status })).toMatchObject({ code: name });
  });

  it.each([408, 429, 500, 502, 503, 504])("%i may pass", (status) => {
    expect(failureOf({ ...busy(), status })).toBeInstanceOf(PassingFailure);
  });

  it.each(["SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "CERT_HAS_EXPIRED", "ERR_TLS_CERT_ALTNAME_INVALID"])(
    "%s is a matter of trust",
    (name) => {
      expect(connectionFailure(Object.assign(new Error("x"), { code: name }), "r")).toMatchObject({ code: "registry/untrusted" });
    },
  );
});
