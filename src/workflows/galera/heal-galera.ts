import type { Clock } from "../../kernel/clock.ts";
import { unreachable } from "../../kernel/unreachable.ts";
import { decideRecovery, type PersonsChoice, type RecoveryAction, type RecoveryDecision } from "../../plan/galera/decide-recovery.ts";
import type { ClusterMemory, NodeFacts } from "../../plan/galera/node-facts.ts";
import { type Stillness, stillness } from "../../plan/galera/stillness.ts";
import { remember } from "../../plan/galera/remember.ts";
import type { GaleraNodes } from "./galera-nodes.ts";

/** What a look has from the one before it, and is given by people. */
export interface BeforeLook {
  readonly memory: ClusterMemory;
  readonly still?: Stillness | undefined;
  readonly choice?: PersonsChoice | undefined;
}

/** What one look found and did. */
export interface HealedLook {
  readonly nodes: readonly NodeFacts[];
  readonly decision: RecoveryDecision;
  /** To be kept, and given to the next look. */
  readonly memory: ClusterMemory;
  /** To be given to the next look; it may be lost. */
  readonly still: Stillness;
}

/**
 * One look at a cluster: asks every node at once, decides, and does the one thing that follows. It may be called at any time and by two at
 * once: an order names the start of a node that it was decided for, so one that comes late is void.
 */
export async function healGalera(
  ports: { readonly nodes: GaleraNodes; readonly clock: Pick<Clock, "now">; readonly save: (memory: ClusterMemory) => Promise<void> },
  before: BeforeLook,
  signal: AbortSignal,
): Promise<HealedLook> {
  const { nodes, clock, save } = ports;
  const facts = await Promise.all(nodes.names.map(async (name): Promise<NodeFacts> => ({ name, state: await nodes.look(name, signal) })));
  const memory = remember(before.memory, facts);
  if (JSON.stringify(memory) !== JSON.stringify(before.memory)) await save(memory);
  const still = stillness(before.still, facts, clock.now());
  const decision = decideRecovery(facts, memory, { unchangedMs: clock.now() - still.since, choice: before.choice });
  await perform(decision.action, nodes, signal);
  return { nodes: facts, decision, memory, still };
}

async function perform(action: RecoveryAction, nodes: GaleraNodes, signal: AbortSignal): Promise<void> {
  switch (action.do) {
    case "nothing":
    case "refuse":
      return;
    case "promote":
      return await nodes.promote(action.node, signal);
    case "bootstrap":
      return await nodes.bootstrap(action.node, action, signal);
    case "initialise":
      return await nodes.initialise(action.node, action, signal);
    case "leave":
      for (const name of action.nodes) await nodes.leave(name, signal);
      return;
    default:
      return unreachable(action);
  }
}
