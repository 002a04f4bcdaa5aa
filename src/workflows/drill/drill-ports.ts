import type { Target } from "../../engine/engine.ts";
import type { ServerReference } from "../../providers/database/database-server.ts";
import type { ScratchDatabase } from "../../providers/database/load-connection.ts";

/** What a drill sends to the first process of a container. */
export type FaultSignal = "KILL" | "STOP" | "CONT" | "HUP";

/** What drills need that no other verb does. */
export interface DrillPorts {
  /** Harms a container, past everything that would ask or wait. Answers its name. Error: `engine/not-ready` when it does not run. */
  signal(target: Target | "edge", signal: FaultSignal): Promise<string>;
  /** A database of a drill's own on a server. */
  scratchDatabase(server: ServerReference): Promise<ScratchDatabase>;
}
