import type { Target } from "../../engine/engine.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { DrillPlace, Fault } from "./drill-place.ts";
import type { DrillPorts } from "./drill-ports.ts";

/** One process of this machine as a place for drills: it dies and is started again by who watches it, it stands still, it reads its configuration anew. */
export function signalPlace(
  name: string,
  target: Target | "edge",
  faults: Pick<DrillPorts, "signal">,
  whole: (signal: AbortSignal) => Promise<void>,
): DrillPlace {
  return {
    name,
    faults: target === "edge" ? ["reload", "freeze", "kill"] : ["kill", "freeze"],
    async strike(fault: Fault) {
      const hit = await faults.signal(target, fault === "kill" ? "KILL" : fault === "freeze" ? "STOP" : "HUP");
      return fault === "freeze" ? { hit, undo: () => thaw(target, faults) } : { hit };
    },
    whole,
  };
}

/** What was frozen may have been killed meanwhile by who found it silent: then there is nothing to take back. */
async function thaw(target: Target | "edge", faults: Pick<DrillPorts, "signal">): Promise<void> {
  await faults.signal(target, "CONT").catch((error: unknown) => {
    if (!(error instanceof HowdahError && error.code === "engine/not-ready")) throw error;
  });
}
