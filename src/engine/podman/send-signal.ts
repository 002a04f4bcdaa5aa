import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Target } from "../engine.ts";
import type { Machine } from "./machine.ts";
import { runningContainer } from "./run-program.ts";

/**
 * Sends a signal to the first process of a container, or of the edge's, and answers the container's name: for drills, which harm on purpose.
 * Who watches the container does what it does after any death. Error: `engine/not-ready` when it does not run.
 */
export async function sendSignal(machine: Machine, target: Target | "edge", signal: "KILL" | "STOP" | "CONT" | "HUP"): Promise<string> {
  const container = target === "edge" ? machine.names.edge : await runningContainer(machine, target);
  const { code, stderr } = await machine.podman.run(["kill", `--signal=${signal}`, container], { accept: "any" });
  if (code !== 0) throw new HowdahError("engine/not-ready", `${container} takes no signal: ${stderr.trim().split("\n").at(-1) ?? ""}`);
  return container;
}
