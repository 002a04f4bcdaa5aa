import { join } from "node:path";
import type { AgentServiceParts } from "../../../src/agent/agent-service.ts";
import { namespaceLock } from "../../../src/engine/podman/namespace-lock.ts";
import { run } from "../../../src/providers/process.ts";
import { systemClock } from "../system-clock.ts";

/** The agent of a throw-away instance. */
export function agentParts(instance: string): AgentServiceParts {
  const stateDir = `/var/tmp/${instance}-state`;
  const runDir = `/run/${instance}`;
  return {
    argv: [process.execPath, join(import.meta.dirname, "agent-child.ts"), instance, "agent"],
    environment: { PATH: "/usr/bin:/bin" },
    stateDir,
    runDir,
    run,
    clock: systemClock,
    lock: namespaceLock(stateDir, runDir, systemClock),
  };
}
