import type { Target } from "../../engine/engine.ts";

/** What a drill sends to the first process of a container. */
export type FaultSignal = "KILL" | "STOP" | "CONT" | "HUP";

/** How a drill reaches what it harms, past everything that would ask or wait. */
export interface FaultPort {
  /** Answers the container's name. Error: `engine/not-ready` when it does not run. */
  signal(target: Target | "edge", signal: FaultSignal): Promise<string>;
}
