import { type ClusterMemory, NO_CLUSTER, type NodeFacts, type NodeState, type Position } from "./node-facts.ts";
import { refusal, type RefusalReason } from "./refusal.ts";

/** What is to be done with a cluster of nodes now. */
export type RecoveryAction =
  | { readonly do: "nothing" }
  /** `pc.bootstrap` on a running node. */
  | { readonly do: "promote"; readonly node: string }
  /** Begin again from the data of a node whose server does not run. */
  | { readonly do: "bootstrap"; readonly node: string; readonly start: string; readonly position: Position }
  /** Begin an empty cluster: the first start of all. */
  | { readonly do: "initialise"; readonly node: string; readonly start: string }
  /** End servers that run without a majority, so that everybody's position is known. */
  | { readonly do: "leave"; readonly nodes: readonly string[] }
  /** A person must look. */
  | { readonly do: "refuse"; readonly reason: RefusalReason };

/** How a cluster is, and what follows. `message` is one sentence for people, without numbers that tick. */
export interface RecoveryDecision {
  readonly state: "Starting" | "Healthy" | "Degraded" | "AllNonPrimary" | "FullCrash";
  readonly action: RecoveryAction;
  readonly message: string;
}

/**
 * How long nodes must stay as they are before one that runs is told to go on, as they may be about to find each other (evs timeouts: 6 s), and before
 * a person is called.
 */
export const SETTLED_MS = 10_000;

/** What a person said: begin from this node at this position, whatever others may have had. Holds while the node is exactly there. */
export interface PersonsChoice {
  readonly node: string;
  readonly position: Position;
}

/** What is known beside the nodes. */
export interface RecoveryContext {
  /** For how long every node has been as it is now. */
  readonly unchangedMs: number;
  readonly choice?: PersonsChoice | undefined;
}

type Of<K extends NodeState["kind"]> = { readonly name: string; readonly state: Extract<NodeState, { kind: K }> };

/**
 * Decides from what is known of every node. A cluster never begins by a node's number, only from the highest position among intact data, and
 * only while nobody else can know more: beginning from a fixed node lost rows that were acknowledged (reliability M4).
 *
 *   FullCrash ──all positions known──▶ bootstrap the highest ──▶ Degraded ──others join──▶ Healthy
 *   AllNonPrimary ──no other server can be alive──▶ promote the highest ──▶ Degraded
 */
export function decideRecovery(nodes: readonly NodeFacts[], memory: ClusterMemory, given: RecoveryContext): RecoveryDecision {
  const { choice } = given;
  const running = ofKind(nodes, "running");
  const primaries = running.filter(({ state }) => state.primary);
  if (primaries.length > 0) return served(nodes, primaries);
  const state = running.length > 0 ? "AllNonPrimary" : memory.began ? "FullCrash" : "Starting";
  const chosen = choice === undefined ? undefined : personsWay(nodes, choice);
  if (chosen !== undefined) return { state, action: chosen, message: `${choice?.node} begins, as a person decided` };
  const moving = ofKind(nodes, "busy");
  if (moving.length > 0) {
    const message = `No node serves; waiting for ${namesOf(moving)} to say how far the data came`;
    return { state, action: { do: "nothing" }, message };
  }
  const decision = running.length > 0 ? withoutMajority(nodes, running, memory) : crashed(nodes, memory);
  const { action } = decision;
  // Nodes that wait do nothing by themselves, so one of them may begin at once.
  if (action.do === "bootstrap" || action.do === "initialise" || given.unchangedMs >= SETTLED_MS) return decision;
  return { ...decision, action: { do: "nothing" }, message: "No node serves; it may be over in a moment" };
}

function served(nodes: readonly NodeFacts[], primaries: readonly Of<"running">[]): RecoveryDecision {
  const components = Map.groupBy(primaries, ({ state }) => `${state.position.uuid}/${state.component}`);
  const whole = [...components.values()].every((members) => members.every(({ state }) => state.size <= members.length));
  // Nodes are asked one after another, so one may tell of a component that is just being replaced: only two that both are complete are two.
  if (components.size > 1 && whole) return refused("Degraded", "TwoPrimaries", namesOf(primaries));
  const well = primaries.filter(({ state }) => state.synced);
  if (well.length === nodes.length && components.size === 1)
    return { state: "Healthy", action: { do: "nothing" }, message: "Every node serves" };
  const broken = nodes.filter(({ state }) => state.kind === "waiting" && state.data === "broken");
  if (broken.length > 0) return refused("Degraded", "DataBroken", namesOf(broken));
  const others = nodes.filter(({ name }) => !well.some((one) => one.name === name));
  const message = others.length === 0 ? "The nodes are just agreeing who is there" : `The cluster serves without ${namesOf(others)}`;
  return { state: "Degraded", action: { do: "nothing" }, message };
}

/** Some servers run, none has a majority. What can't be alive anywhere is safe to go on without. */
function withoutMajority(nodes: readonly NodeFacts[], running: readonly Of<"running">[], memory: ClusterMemory): RecoveryDecision {
  const state = "AllNonPrimary";
  const alive = nodes.filter((node) => node.state.kind === "silent" || (node.state.kind === "absent" && !node.state.dead));
  if (alive.length > 0) return refused(state, "NodeMayBeAlive", namesOf(alive));
  const stopped = ofKind(nodes, "waiting");
  const lost = stopped.filter((node) => isUnknown(node, memory));
  if (lost.length > 0) return refused(state, "PositionUnknown", namesOf(lost));
  const intact = stopped.filter(({ state: one }) => one.data === "intact" && one.position.uuid !== NO_CLUSTER);
  const positions = [...running, ...intact];
  if (histories(positions) > 1) return refused(state, "DifferentHistories", namesOf(positions));
  const best = highest(running);
  const ahead = intact.filter((node) => node.state.position.seqno > best.state.position.seqno);
  if (ahead.length > 0) {
    const message = `${namesOf(ahead)} has more than the nodes that run: they end first, so that the cluster begins from there`;
    return { state, action: { do: "leave", nodes: running.map(({ name }) => name) }, message };
  }
  const gone = nodes.filter((node) => node.state.kind === "absent" && memory.joined.includes(node.name));
  // One that was cut off while the others went on, and then died: what they acknowledged meanwhile is on their volumes alone.
  if (gone.length > 0 && memory.serving?.includes(best.name) === false) return refused(state, "PositionUnknown", namesOf(gone));
  if (isBehind(best.state.position, memory)) return refused(state, "BehindWhatWasSeen", best.name);
  return { state, action: { do: "promote", node: best.name }, message: `${best.name} has the latest data and goes on` };
}

/** No server runs. */
function crashed(nodes: readonly NodeFacts[], memory: ClusterMemory): RecoveryDecision {
  const state = memory.began ? "FullCrash" : "Starting";
  const waiting = ofKind(nodes, "waiting");
  const first = waiting[0];
  const empty = waiting.every((node) => node.state.position.uuid === NO_CLUSTER && node.state.data !== "broken");
  if (!memory.began && waiting.length === nodes.length && empty && first !== undefined) {
    const action = { do: "initialise", node: first.name, start: first.state.start } as const;
    return { state, action, message: `${first.name} begins a new cluster` };
  }
  const unknown = nodes.filter((node) => isUnknown(node, memory));
  if (memory.began && nodes.every((node) => node.state.kind === "waiting" && node.state.data !== "intact")) {
    return refused(state, "NoIntactData", namesOf(nodes));
  }
  if (unknown.length > 0) return refused(state, "PositionUnknown", namesOf(unknown));
  const candidates = waiting.filter(isCandidate);
  if (candidates.length === 0) return refused(state, "NoIntactData", namesOf(nodes));
  if (histories(candidates) > 1) return refused(state, "DifferentHistories", namesOf(candidates));
  const best = highest(candidates);
  if (isBehind(best.state.position, memory)) return refused(state, "BehindWhatWasSeen", best.name);
  const action = { do: "bootstrap", node: best.name, start: best.state.start, position: best.state.position } as const;
  return { state, action, message: `${best.name} has the latest data and begins` };
}

/** A person's choice stands above what is unknown, never above another server that may be alive. */
function personsWay(nodes: readonly NodeFacts[], { node, position }: PersonsChoice): RecoveryAction | undefined {
  if (nodes.some(({ state }) => state.kind === "silent" || state.kind === "running" || state.kind === "busy")) return undefined;
  const found = ofKind(nodes, "waiting").find(({ name }) => name === node);
  if (found === undefined || !isCandidate(found)) return undefined;
  const { uuid, seqno } = found.state.position;
  if (uuid !== position.uuid || seqno !== position.seqno) return undefined;
  return { do: "bootstrap", node, start: found.state.start, position };
}

/**
 * Whether a node may have held what nobody else has, and we can't tell. A copy that was cut off held nothing of its own, and a node that never
 * joined neither.
 */
function isUnknown({ name, state }: NodeFacts, memory: ClusterMemory): boolean {
  if (state.kind === "silent") return true;
  if (state.kind === "absent") return !(state.dead && memory.began && !memory.joined.includes(name));
  if (state.kind !== "waiting" || state.data === "incomplete") return false;
  if (state.data === "broken") return true;
  const nothing = state.data === "missing" || state.position.uuid === NO_CLUSTER || state.position.seqno < 0;
  return nothing && memory.joined.includes(name);
}

function isCandidate({ state }: Of<"waiting">): boolean {
  return state.data === "intact" && state.position.uuid !== NO_CLUSTER && state.position.seqno >= 0;
}

function isBehind(position: Position, { seen }: ClusterMemory): boolean {
  return seen !== undefined && (seen.uuid !== position.uuid || seen.seqno > position.seqno);
}

function histories(nodes: readonly { readonly state: { readonly position: Position } }[]): number {
  return new Set(nodes.map(({ state }) => state.position.uuid)).size;
}

/** Of the same height the first in the order of names: it must be the same at each look. */
function highest<N extends { readonly name: string; readonly state: { readonly position: Position } }>(nodes: readonly N[]): N {
  const [best] = nodes.toSorted((a, b) => b.state.position.seqno - a.state.position.seqno || (a.name < b.name ? -1 : 1));
  if (best === undefined) throw new TypeError("no node to choose from");
  return best;
}

function ofKind<K extends NodeState["kind"]>(nodes: readonly NodeFacts[], kind: K): readonly Of<K>[] {
  return nodes.filter((node): node is Of<K> => node.state.kind === kind);
}

function namesOf(nodes: readonly { readonly name: string }[]): string {
  return nodes
    .map(({ name }) => name)
    .toSorted()
    .join(", ");
}

function refused(state: RecoveryDecision["state"], reason: RefusalReason, who: string): RecoveryDecision {
  return { state, action: { do: "refuse", reason }, message: refusal(reason, who) };
}
