/** How far a node's data came: a cluster's identity and the number of its last write. */
export interface Position {
  readonly uuid: string;
  readonly seqno: number;
}

/** The identity of no cluster: nothing was ever replicated here. */
export const NO_CLUSTER = "00000000-0000-0000-0000-000000000000";

/** What is known of one node. */
export type NodeState =
  /** Its server answers. */
  | {
      readonly kind: "running";
      readonly primary: boolean;
      /** It has all data and takes part: local state 4, or 2 while it gives its data to another. */
      readonly synced: boolean;
      readonly position: Position;
      /** Nodes in its component, itself included, and which in the row of components this is. */
      readonly size: number;
      readonly component: string;
      readonly version?: string;
    }
  /** No server runs: the entrypoint waits for a node that serves, or for an order. `start` is what an order must name. */
  | {
      readonly kind: "waiting";
      readonly start: string;
      /** `incomplete`: another node's data was being copied here. `broken`: the server can't read what is there. */
      readonly data: "intact" | "incomplete" | "missing" | "broken";
      readonly position: Position;
    }
  /** Recovering, joining, stopping: it will be something else in a moment. */
  | { readonly kind: "busy"; readonly phase: string }
  /** Its server ran and does not answer now: frozen, or too busy. It may come back at any moment. */
  | { readonly kind: "silent" }
  /** Nothing of it can be reached. `dead`: it is proven that nothing of it runs. */
  | { readonly kind: "absent"; readonly dead: boolean };

/** A node by name. */
export interface NodeFacts {
  readonly name: string;
  readonly state: NodeState;
}

/** What has been seen of a cluster before; somebody keeps it. */
export interface ClusterMemory {
  /** The cluster began once: it must never begin empty again. */
  readonly began: boolean;
  /** Nodes that once had all data: if it is missing now, it was lost. */
  readonly joined: readonly string[];
  /** The highest position that a serving node was seen at. */
  readonly seen?: Position;
  /** Nodes that served when any was seen serving last: who is not among them may lack what was written after it was cut off. */
  readonly serving?: readonly string[];
}
