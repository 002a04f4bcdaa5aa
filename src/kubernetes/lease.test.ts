import { describe, expect, it } from "vitest";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { KubeObject } from "./kubernetes-api.ts";
import { Leadership, type LeaseOptions } from "./lease.ts";
import { ManualClock } from "./testing/manual-clock.ts";

/** A Lease in memory, with versions as the API server has them. */
class LeaseServer {
  lease: KubeObject | undefined;
  #version = 1;
  writes: string[] = [];

  spec(): Record<string, unknown> {
    return (this.lease?.["spec"] ?? {}) as Record<string, unknown>;
  }

  put(object: KubeObject): KubeObject {
    this.#version += 1;
    this.lease = { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#version) } };
    this.writes.push(String(this.spec()["holderIdentity"]));
    return this.lease;
  }

  /** The way of one process to it, which can be cut. */
  line() {
    const line = { down: false, hanging: false, lostAnswers: 0 };
    const pass = async <T>(signal: AbortSignal | undefined, work: () => T): Promise<T> => {
      if (line.down) throw new HowdahError("cluster/unreachable", "down");
      if (line.hanging) {
        await new Promise((_resolve, reject) => {
          signal?.addEventListener("abort", () => {
            reject(new HowdahError("cancelled", "stopped"));
          });
        });
      }
      const answer = work();
      if (line.lostAnswers > 0) {
        line.lostAnswers -= 1;
        throw new HowdahError("cluster/unreachable", "the answer got lost");
      }
      return answer;
    };
    const conflict = (): never => {
      throw new HowdahError("cluster/conflict", "it has been modified");
    };
    const api: LeaseOptions["api"] = {
      get: (_name, signal) => pass(signal, () => this.lease),
      create: (_resource, object, signal) => pass(signal, () => (this.lease === undefined ? this.put(object) : conflict())),
      replace: (_resource, object, _options, signal) =>
        pass(signal, () => (this.lease?.metadata.resourceVersion === object.metadata.resourceVersion ? this.put(object) : conflict())),
    };
    return { api, line };
  }
}

/** One process that contends; `working` is the term it works in. */
function contender(server: LeaseServer, clock: ManualClock, identity: string, wrongBy: () => number = () => 0) {
  const { api, line } = server.line();
  const leadership = new Leadership({
    api,
    namespace: "howdah",
    name: "operator",
    identity,
    clock: { now: () => clock.now() + wrongBy(), sleep: (ms, signal) => clock.sleep(ms, signal) },
    monotonic: () => clock.now(),
    random: () => 0.5,
  });
  const stop = new AbortController();
  const state: { working: number | undefined; ended: number } = { working: undefined, ended: 0 };
  const done = leadership.run(async (term, signal) => {
    state.working = term;
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => {
        resolve();
      });
    });
    state.working = undefined;
    state.ended += 1;
  }, stop.signal);
  return { leadership, line, stop, state, done };
}

function mayWrite({ leadership }: { readonly leadership: Leadership }): boolean {
  try {
    leadership.check();
    return true;
  } catch {
    return false;
  }
}

describe("leadership", () => {
  it("is of one of several, and goes on as long as it is renewed", async () => {
    const clock = new ManualClock();
    const server = new LeaseServer();
    const [a, b] = [contender(server, clock, "a"), contender(server, clock, "b")];
    await clock.advance(600_000);
    expect([a.state.working, b.state.working, a.leadership.term, b.leadership.term]).toEqual([0, undefined, 0, undefined]);
    expect([mayWrite(a), mayWrite(b)]).toEqual([true, false]);
    expect(server.spec()).toMatchObject({ holderIdentity: "a", leaseDurationSeconds: 15, leaseTransitions: 0 });
    expect(String(server.spec()["renewTime"])).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
  });

  it("is given back at the end, after the work, and taken at once by another with a new term", async () => {
    const clock = new ManualClock();
    const server = new LeaseServer();
    const [a, b] = [contender(server, clock, "a"), contender(server, clock, "b")];
    await clock.advance(1000);
    a.stop.abort();
    await clock.advance(3000);
    await a.done;
    expect([a.state.ended, b.state.working]).toEqual([1, 1]);
  });

  it("lets nothing be written from the moment on at which its process is told to stop, though the work takes its time to end", async () => {
    const server = new LeaseServer();
    const clock = new ManualClock();
    const { api } = server.line();
    const identity = { namespace: "howdah", name: "operator", identity: "first" };
    const leadership = new Leadership({ api, ...identity, clock, monotonic: () => clock.now(), random: () => 0.5 });
    const stop = new AbortController();
    const seen: boolean[] = [];
    await leadership.run(async () => {
      seen.push(mayWrite({ leadership }));
      stop.abort();
      seen.push(mayWrite({ leadership }), server.spec()["holderIdentity"] === "first");
    }, stop.signal);
    expect([...seen, server.spec()["holderIdentity"]]).toEqual([true, false, true, ""]);
  });

  it("ends before another can have it when the server can't be reached", async () => {
    const clock = new ManualClock();
    const server = new LeaseServer();
    const [a, b] = [contender(server, clock, "a"), contender(server, clock, "b")];
    await clock.advance(20_000);
    a.line.down = true;
    let both = 0;
    for (let second = 0; second < 60; second += 1) {
      await clock.advance(500);
      if (mayWrite(a) && mayWrite(b)) both += 1;
      if (a.state.working !== undefined && b.state.working !== undefined) both += 1;
    }
    expect([both, a.state.working, b.state.working]).toEqual([0, undefined, 1]);
  });

  it("ends while a renewal hangs", async () => {
    const clock = new ManualClock();
    const a = contender(new LeaseServer(), clock, "a");
    await clock.advance(5000);
    a.line.hanging = true;
    await clock.advance(12_000);
    expect([a.state.ended, mayWrite(a)]).toEqual([1, false]);
  });

  it("is not believed by a process that was frozen, before anything of it has run", async () => {
    const clock = new ManualClock();
    const server = new LeaseServer();
    const a = contender(server, clock, "a");
    await clock.advance(5000);
    expect(mayWrite(a)).toBe(true);
    clock.set(clock.now() + 10_000); // nobody wakes: the process stood still
    expect([mayWrite(a), a.leadership.term]).toEqual([false, undefined]);
  });

  it("is taken from a dead process only after its whole time, counted from when its lease was first seen", async () => {
    const clock = new ManualClock();
    const server = new LeaseServer();
    const spec = { holderIdentity: "dead", leaseDurationSeconds: 15, leaseTransitions: 6, renewTime: "1999-01-01T00:00:00.000000Z" };
    server.put({ apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata: { name: "operator", namespace: "howdah" }, spec });
    const a = contender(server, clock, "a");
    await clock.advance(14_000);
    expect(a.state.working).toBeUndefined();
    await clock.advance(4000);
    expect(a.state.working).toBe(7);
  });

  it.each(["a", "b"])("is neither lost nor taken when the time of day of %s jumps by an hour, or runs too fast (C10)", async (wrong) => {
    const clock = new ManualClock();
    const server = new LeaseServer();
    let by = 0;
    const [a, b] = ["a", "b"].map((name) => contender(server, clock, name, () => (name === wrong ? by : 0)));
    for (const jump of [0, 3_600_000, -3_600_000, 0]) {
      by = jump;
      await clock.advance(60_000);
      expect([a?.state.working, b?.state.working]).toEqual([0, undefined]);
    }
    for (let step = 0; step < 60; step += 1) {
      by += 500; // a second and a half in each second
      await clock.advance(1000);
    }
    expect([a?.state.working, b?.state.working, server.spec()["leaseTransitions"]]).toEqual([0, undefined, 0]);
  });

  it("survives somebody who edits the Lease, and a renewal whose answer got lost", async () => {
    const clock = new ManualClock();
    const server = new LeaseServer();
    const a = contender(server, clock, "a");
    await clock.advance(5000);
    if (server.lease !== undefined) server.put({ ...server.lease, metadata: { ...server.lease.metadata, labels: { x: "y" } } });
    await clock.advance(5000);
    a.line.lostAnswers = 1;
    await clock.advance(30_000);
    expect([a.state.working, a.state.ended, mayWrite(a)]).toEqual([0, 0, true]);
  });

  it("ends when another has taken the Lease, or somebody deleted it", async () => {
    const clock = new ManualClock();
    const server = new LeaseServer();
    const a = contender(server, clock, "a");
    await clock.advance(5000);
    if (server.lease !== undefined) server.put({ ...server.lease, spec: { ...server.spec(), holderIdentity: "b", leaseTransitions: 1 } });
    await clock.advance(3000);
    expect([a.state.ended, mayWrite(a)]).toEqual([1, false]);
    await clock.advance(30_000);
    expect(a.state.working).toBe(2);
    server.lease = undefined;
    await clock.advance(10_000);
    expect([a.state.ended, a.state.working]).toEqual([2, 3]);
  });

  it("rejects with what the work throws, and gives the Lease back", async () => {
    const clock = new ManualClock();
    const server = new LeaseServer();
    const { api } = server.line();
    const leadership = new Leadership({
      api,
      namespace: "howdah",
      name: "operator",
      identity: "a",
      clock,
      monotonic: () => clock.now(),
      random: () => 0.5,
    });
    const run = leadership.run(() => Promise.reject(new Error("a bug")), new AbortController().signal).catch((error: unknown) => error);
    await clock.advance(100);
    expect(await run).toMatchObject({ message: "a bug" });
    expect(server.spec()["holderIdentity"]).toBe("");
  });
});
