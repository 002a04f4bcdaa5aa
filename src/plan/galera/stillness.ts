import type { NodeFacts } from "./node-facts.ts";

/** Since when a cluster looks the same. */
export interface Stillness {
  readonly picture: string;
  /** Milliseconds since 1970. */
  readonly since: number;
}

/** The same picture keeps its time. Positions are no part of it: they say nothing of who sees whom. */
export function stillness(former: Stillness | undefined, nodes: readonly NodeFacts[], now: number): Stillness {
  const picture = nodes.map(({ name, state }) => `${name} ${words(state)}`).join(", ");
  return former?.picture === picture ? former : { picture, since: now };
}

function words(state: NodeFacts["state"]): string {
  switch (state.kind) {
    case "running":
      return `running ${state.primary} ${state.size}`;
    case "waiting":
      return `waiting ${state.start}`;
    case "absent":
      return `absent ${state.dead}`;
    default:
      return state.kind;
  }
}
