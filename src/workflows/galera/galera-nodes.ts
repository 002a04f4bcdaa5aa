import type { NodeState, Position } from "../../plan/galera/node-facts.ts";

/** The nodes of one Galera cluster, wherever they run. */
export interface GaleraNodes {
  /** Every node that belongs to it, there or not. */
  readonly names: readonly string[];
  /** What can't be asked is absent. */
  look(name: string, signal: AbortSignal): Promise<NodeState>;
  /** `pc.bootstrap` on a running node. */
  promote(name: string, signal: AbortSignal): Promise<void>;
  /** Orders one start of a node to begin from its position; the node refuses when it is another one by then. */
  bootstrap(name: string, order: { readonly start: string; readonly position: Position }, signal: AbortSignal): Promise<void>;
  /** Orders one start of an empty node to begin a new cluster. */
  initialise(name: string, order: { readonly start: string }, signal: AbortSignal): Promise<void>;
  /** Ends a node's server, so that it tells its position. */
  leave(name: string, signal: AbortSignal): Promise<void>;
}
