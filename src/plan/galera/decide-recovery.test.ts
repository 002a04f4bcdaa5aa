import { describe, expect, it } from "vitest";
import { decideRecovery, type PersonsChoice, SETTLED_MS } from "./decide-recovery.ts";
import { type ClusterMemory, NO_CLUSTER, type NodeFacts, type NodeState, type Position } from "./node-facts.ts";

const US = "96179164-e671-11f1-9f88-ff94ad716e04";
const OTHER = "11111111-e671-11f1-9f88-ff94ad716e04";
const at = (seqno: number, uuid = US): Position => ({ uuid, seqno });
const primary = (seqno: number, size = 3, component = "7", uuid = US): NodeState => ({
  ...{ kind: "running", primary: true, synced: true, position: at(seqno, uuid), size, component },
});
const minority = (seqno: number, size = 1): NodeState => ({
  ...{ kind: "running", primary: false, synced: false, position: at(seqno), size, component: "-" },
});
const waiting = (seqno: number, uuid = US): NodeState => ({
  kind: "waiting",
  start: `s${seqno}`,
  data: "intact",
  position: at(seqno, uuid),
});
const without = (data: "missing" | "incomplete" | "broken"): NodeState => ({
  ...{ kind: "waiting", start: `s-${data}`, data, position: at(-1, NO_CLUSTER) },
});
const silent: NodeState = { kind: "silent" };
const busy: NodeState = { kind: "busy", phase: "joining" };
const gone: NodeState = { kind: "absent", dead: true };
const unreachable: NodeState = { kind: "absent", dead: false };

const old: ClusterMemory = { began: true, joined: ["a", "b", "c"], seen: at(50) };
const fresh: ClusterMemory = { began: false, joined: [] };

function decide(states: readonly NodeState[], memory = old, choice?: PersonsChoice, unchangedMs = SETTLED_MS): string {
  const nodes = states.map((state, index): NodeFacts => ({ name: "abc"[index] ?? "", state }));
  const { state, action } = decideRecovery(nodes, memory, { unchangedMs, choice });
  const words =
    action.do === "refuse" ? action.reason : "node" in action ? action.node : action.do === "leave" ? action.nodes.join("+") : "";
  return `${state}: ${action.do} ${words}`.trim();
}

describe("a cluster that serves", () => {
  it.each<[string, readonly NodeState[], string]>([
    ["is healthy with every node", [primary(90), primary(90), primary(90)], "Healthy: nothing"],
    ["is degraded without one, and heals by itself", [primary(90, 2), primary(90, 2), waiting(60)], "Degraded: nothing"],
    ["is degraded while a frozen node is outside", [primary(90, 2), primary(90, 2), silent], "Degraded: nothing"],
    ["leaves alone a node that was just cut off", [primary(90, 2), primary(90, 2), minority(60)], "Degraded: nothing"],
    [
      "takes two tellings of one change for one cluster",
      [primary(90, 3, "7"), primary(90, 2, "8"), primary(90, 2, "8")],
      "Degraded: nothing",
    ],
    ["tells of two that serve at once", [primary(90, 1, "7"), primary(95, 2, "9"), primary(95, 2, "9")], "Degraded: refuse TwoPrimaries"],
    ["tells of data that can't be read", [primary(90, 2), primary(90, 2), without("broken")], "Degraded: refuse DataBroken"],
  ])("%s", (_name, states, expected) => {
    expect(decide(states)).toBe(expected);
  });
});

describe("all servers ended", () => {
  it.each<[string, readonly NodeState[], string]>([
    ["begins from the highest position, not from a number", [waiting(60), waiting(61), waiting(59)], "FullCrash: bootstrap b"],
    ["takes the first name of equals", [waiting(60), waiting(60), waiting(60)], "FullCrash: bootstrap a"],
    ["waits while one still finds out its position", [waiting(60), busy, waiting(59)], "FullCrash: nothing"],
    ["does not begin while a node can't be asked", [waiting(60), waiting(61), unreachable], "FullCrash: refuse PositionUnknown"],
    [
      "does not begin without a machine that is gone: it may have had more",
      [waiting(60), waiting(61), gone],
      "FullCrash: refuse PositionUnknown",
    ],
    ["does not begin beside a frozen server", [waiting(60), waiting(61), silent], "FullCrash: refuse PositionUnknown"],
    ["does not begin when a node lost its data", [waiting(60), waiting(61), without("missing")], "FullCrash: refuse PositionUnknown"],
    ["does not begin when a node's data can't be read", [waiting(60), waiting(61), without("broken")], "FullCrash: refuse PositionUnknown"],
    [
      "goes round a copy that was cut off: it held nothing of its own",
      [waiting(60), waiting(61), without("incomplete")],
      "FullCrash: bootstrap b",
    ],
    [
      "never begins from a copy that was cut off",
      [without("incomplete"), without("incomplete"), without("incomplete")],
      "FullCrash: refuse NoIntactData",
    ],
    ["never begins empty again", [without("missing"), without("missing"), without("missing")], "FullCrash: refuse NoIntactData"],
    ["does not choose between two histories", [waiting(60), waiting(61, OTHER), waiting(60)], "FullCrash: refuse DifferentHistories"],
    ["does not fall behind what was seen", [waiting(40), waiting(41), waiting(39)], "FullCrash: refuse BehindWhatWasSeen"],
    ["does not begin from a position that is unknown", [waiting(60), waiting(61), waiting(-1)], "FullCrash: refuse PositionUnknown"],
  ])("%s", (_name, states, expected) => {
    expect(decide(states)).toBe(expected);
  });

  it("calls a person only when nothing changes any more, and for the right thing", () => {
    expect(decide([gone, gone, gone])).toBe("FullCrash: refuse PositionUnknown");
    expect(decide([gone, waiting(60), gone], old, undefined, SETTLED_MS - 1)).toBe("FullCrash: nothing");
    expect(decide([waiting(60), waiting(61), waiting(59)], old, undefined, 0)).toBe("FullCrash: bootstrap b");
  });

  it("begins with two when the third never had data", () => {
    expect(decide([waiting(60), waiting(61), without("missing")], { ...old, joined: ["a", "b"] })).toBe("FullCrash: bootstrap b");
    expect(decide([waiting(60), waiting(61), gone], { ...old, joined: ["a", "b"] })).toBe("FullCrash: bootstrap b");
  });

  it("begins where a person says, if the node is exactly there and no server can be alive", () => {
    const choice = { node: "a", position: at(60) };
    expect(decide([waiting(60), waiting(61), gone], old, choice)).toBe("FullCrash: bootstrap a");
    expect(decide([waiting(62), waiting(61), gone], old, choice)).toBe("FullCrash: refuse PositionUnknown");
    expect(decide([waiting(60), waiting(61), silent], old, choice)).toBe("FullCrash: refuse PositionUnknown");
    expect(decide([waiting(60), minority(70), gone], old, choice)).toBe("AllNonPrimary: promote b");
    expect(decide([primary(70), waiting(60), gone], old, choice)).toBe("Degraded: nothing");
    expect(decide([without("incomplete"), waiting(61), gone], old, { node: "a", position: at(-1, NO_CLUSTER) })).toBe(
      "FullCrash: refuse PositionUnknown",
    );
  });
});

describe("no majority", () => {
  it.each<[string, readonly NodeState[], string]>([
    ["promotes the survivor when the others' servers have ended", [minority(60), waiting(60), waiting(59)], "AllNonPrimary: promote a"],
    ["promotes the survivor when the others are proven dead", [minority(60), gone, gone], "AllNonPrimary: promote a"],
    ["promotes the highest of those that run", [minority(60, 3), minority(61, 3), minority(60, 3)], "AllNonPrimary: promote b"],
    ["waits for a node that is just coming", [minority(60), busy, waiting(59)], "AllNonPrimary: nothing"],
    ["does nothing beside a server that may be alive", [minority(60), unreachable, gone], "AllNonPrimary: refuse NodeMayBeAlive"],
    [
      "does nothing beside a frozen server: it may thaw as the majority",
      [minority(60), silent, silent],
      "AllNonPrimary: refuse NodeMayBeAlive",
    ],
    ["does not promote beside lost data", [minority(60), waiting(59), without("missing")], "AllNonPrimary: refuse PositionUnknown"],
    ["does not promote who is behind what was seen", [minority(40), gone, gone], "AllNonPrimary: refuse BehindWhatWasSeen"],
    ["ends who runs when one that ended has more", [minority(60), waiting(62), waiting(59)], "AllNonPrimary: leave a"],
    ["does not choose between two histories", [minority(60), waiting(60, OTHER), gone], "AllNonPrimary: refuse DifferentHistories"],
  ])("%s", (_name, states, expected) => {
    expect(decide(states)).toBe(expected);
  });

  it("does not promote who was outside of the cluster when it served last: those that died may have taken more", () => {
    const without: ClusterMemory = { ...old, serving: ["b", "c"] };
    expect(decide([minority(60), gone, gone], without)).toBe("AllNonPrimary: refuse PositionUnknown");
    expect(decide([minority(60), waiting(60), waiting(59)], without)).toBe("AllNonPrimary: promote a");
    expect(decide([gone, minority(60), gone], without)).toBe("AllNonPrimary: promote b");
    expect(decide([gone, minority(60), minority(60)], { ...without, joined: ["b", "c"] })).toBe("AllNonPrimary: promote b");
  });

  it("gives those that run the time to find each other", () => {
    expect(decide([minority(60, 1), minority(61, 2), minority(61, 2)], old, undefined, SETTLED_MS - 1)).toBe("AllNonPrimary: nothing");
  });
});

describe("the first start", () => {
  it("begins on the first when every node is there and empty", () => {
    expect(decide([without("missing"), without("missing"), without("missing")], fresh)).toBe("Starting: initialise a");
    expect(decide([without("missing"), busy, without("missing")], fresh)).toBe("Starting: nothing");
    expect(decide([without("missing"), without("missing"), unreachable], fresh)).toBe("Starting: refuse PositionUnknown");
  });

  it("goes on from a first node that died before anybody saw it serve", () => {
    expect(decide([waiting(3), without("missing"), without("incomplete")], fresh)).toBe("Starting: bootstrap a");
    expect(decide([waiting(-1, NO_CLUSTER), without("missing"), without("missing")], fresh)).toBe("Starting: initialise a");
  });

  it("does not begin from data without a node that is not there while nothing is remembered: who forgot can't say that it never had any", () => {
    expect(decide([waiting(3), waiting(2), gone], fresh)).toBe("Starting: refuse PositionUnknown");
  });
});
