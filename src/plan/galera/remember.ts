import { type ClusterMemory, NO_CLUSTER, type NodeFacts, type Position } from "./node-facts.ts";

/** A cluster that nobody has seen. */
export const NOTHING_SEEN: ClusterMemory = { began: false, joined: [] };

/** How much further a cluster must be to be written down again: who looks every few seconds must not write each time. */
const STEP = 1000;

/** What is known of a cluster after a look. Only serving nodes count; what is known is never forgotten, but a history that a person replaced. */
export function remember(former: ClusterMemory, nodes: readonly NodeFacts[]): ClusterMemory {
  const synced = nodes.flatMap(({ name, state }) => (state.kind === "running" && state.primary && state.synced ? [{ name, state }] : []));
  if (synced.length === 0) return former;
  const joined = [...new Set([...former.joined, ...synced.map(({ name }) => name)])].toSorted();
  const positions = synced.map(({ state }) => state.position).filter(({ uuid }) => uuid !== NO_CLUSTER);
  const [best] = positions.toSorted((a, b) => b.seqno - a.seqno);
  const seen = best === undefined ? former.seen : further(former.seen, best);
  const serving = synced.map(({ name }) => name).toSorted();
  return { began: true, joined, ...(seen === undefined ? {} : { seen }), serving };
}

/** A position below the one that was seen is a person's choice, which holds from then on. */
function further(seen: Position | undefined, now: Position): Position {
  if (seen === undefined || seen.uuid !== now.uuid || now.seqno < seen.seqno || now.seqno >= seen.seqno + STEP) return now;
  return seen;
}
