import { GALERA_NODE_PROGRAM } from "../../catalog/galera-image.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { NO_CLUSTER } from "../../plan/galera/node-facts.ts";
import { readNodeState } from "../../plan/galera/read-node-state.ts";
import type { GaleraNodes } from "./galera-nodes.ts";

/** How a program ended, and its standard output. */
export interface Ended {
  readonly code: number;
  readonly output: string;
}

/** What reaches into the nodes' containers. */
export interface NodeAccess {
  readonly names: readonly string[];
  /** Runs a program in a node's container; a HowdahError when there is none. */
  exec(name: string, argv: readonly string[], signal: AbortSignal): Promise<Ended>;
  /** True when it is proven that nothing of this node runs anywhere. */
  isDead(name: string, signal: AbortSignal): Promise<boolean>;
}

/** How long a node has for an answer: its own script waits 3 s for the server. */
const ANSWER_MS = 8000;

/**
 * Nodes that are spoken to by the program in their image: one way for questions and orders, which needs neither a port nor a password, and
 * that whoever may run programs in those containers has anyway.
 */
export function execGaleraNodes(access: NodeAccess): GaleraNodes {
  const node = async (name: string, words: readonly string[], signal: AbortSignal): Promise<Ended> => {
    const late = AbortSignal.timeout(ANSWER_MS);
    try {
      return await access.exec(name, [GALERA_NODE_PROGRAM, ...words], AbortSignal.any([signal, late]));
    } catch (error) {
      if (!late.aborted || signal.aborted) throw error;
      throw new HowdahError("database/unreachable", `The node ${name} did not answer in time`, { cause: error });
    }
  };
  const tell = async (name: string, words: readonly string[], signal: AbortSignal): Promise<void> => {
    const { code } = await node(name, words, signal);
    if (code !== 0)
      throw new HowdahError("database/failed", `The node ${name} did not take the order: ${words[0] ?? ""} ended with ${code}`);
  };
  return {
    names: access.names,
    async look(name, signal) {
      // Only what has a name is the world's: who may not look at all must not take every node for absent.
      const said = await node(name, ["state"], signal).catch((error: unknown) => {
        if (signal.aborted || !(error instanceof HowdahError)) throw error;
        return undefined;
      });
      const state = said === undefined ? undefined : readNodeState(said.output);
      if (state !== undefined) return state;
      return { kind: "absent", dead: await access.isDead(name, signal) };
    },
    promote: (name, signal) => tell(name, ["promote"], signal),
    bootstrap: (name, { start, position }, signal) =>
      tell(name, ["order", "bootstrap", `${position.uuid}:${position.seqno}`, start], signal),
    initialise: (name, { start }, signal) => tell(name, ["order", "new", `${NO_CLUSTER}:-1`, start], signal),
    leave: (name, signal) => tell(name, ["leave"], signal),
  };
}
