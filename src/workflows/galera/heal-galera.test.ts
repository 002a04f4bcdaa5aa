import { describe, expect, it } from "vitest";
import type { NodeState, Position } from "../../plan/galera/node-facts.ts";
import { NOTHING_SEEN } from "../../plan/galera/remember.ts";
import type { GaleraNodes } from "./galera-nodes.ts";
import { type BeforeLook, healGalera } from "./heal-galera.ts";

const US = "96179164-e671-11f1-9f88-ff94ad716e04";
const at = (seqno: number): Position => ({ uuid: US, seqno });
const never = new AbortController().signal;

function rig(states: Record<string, NodeState>) {
  const done: string[] = [];
  const saved: unknown[] = [];
  let now = 0;
  const nodes: GaleraNodes = {
    names: Object.keys(states),
    look: async (name) => states[name] ?? { kind: "absent", dead: false },
    promote: async (name) => void done.push(`promote ${name}`),
    bootstrap: async (name, { start, position }) => void done.push(`bootstrap ${name} ${start} ${position.seqno}`),
    initialise: async (name, { start }) => void done.push(`initialise ${name} ${start}`),
    leave: async (name) => void done.push(`leave ${name}`),
  };
  const ports = { nodes, clock: { now: () => now }, save: async (memory: unknown) => void saved.push(memory) };
  return { done, saved, pass: (ms: number) => (now += ms), look: (before: BeforeLook) => healGalera(ports, before, never) };
}

const began = { began: true, joined: ["a", "b"] };
const running = (primary: boolean, seqno: number): NodeState => ({
  ...{ kind: "running", primary, synced: primary, position: at(seqno), size: primary ? 2 : 1, component: "4" },
});

describe("a look at a Galera cluster", () => {
  it("orders one start of one node to begin", async () => {
    const waiting = (seqno: number): NodeState => ({ kind: "waiting", start: `s${seqno}`, data: "intact", position: at(seqno) });
    const { look, done } = rig({ a: waiting(5), b: waiting(7) });
    await look({ memory: began });
    expect(done).toEqual(["bootstrap b s7 7"]);
  });

  it("promotes nobody before servers had the time to find each other, and begins to count anew when one changed", async () => {
    const states: Record<string, NodeState> = { a: running(false, 5), b: { kind: "absent", dead: true } };
    const { look, done, pass } = rig(states);
    let last = await look({ memory: began });
    pass(9000);
    last = await look({ memory: began, still: last.still });
    expect(done).toEqual([]);
    states["b"] = { kind: "busy", phase: "joining" };
    last = await look({ memory: began, still: last.still });
    states["b"] = { kind: "absent", dead: true };
    pass(2000);
    last = await look({ memory: began, still: last.still });
    expect(done).toEqual([]);
    pass(10_000);
    await look({ memory: began, still: last.still });
    expect(done).toEqual(["promote a"]);
  });

  it("writes down what it has seen, and not the same again", async () => {
    const states: Record<string, NodeState> = { a: running(true, 5), b: running(true, 6) };
    const { look, saved } = rig(states);
    const first = await look({ memory: NOTHING_SEEN });
    expect(saved).toEqual([{ began: true, joined: ["a", "b"], seen: at(6), serving: ["a", "b"] }]);
    await look({ memory: first.memory });
    expect(saved).toHaveLength(1);
    states["a"] = running(false, 6);
    const second = await look({ memory: first.memory });
    states["b"] = { kind: "absent", dead: true };
    await look({ memory: second.memory });
    expect(saved.slice(1)).toEqual([{ began: true, joined: ["a", "b"], seen: at(6), serving: ["b"] }]);
  });
});
