import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";

/**
 * Puts a site to sleep at a person's wish, whoever is connected to it: the next visitor wakes it. Errors: `usage/invalid` when it can't
 * sleep (it is down, or a change of it has not settled).
 */
export async function restSite({ namespace }: SiteRecord, ports: Ports, context: EngineContext): Promise<void> {
  // Without the agent nobody would wake it.
  await ports.agent.ensureRunning();
  const reason = await ports.locks.hold(namespace, "idle", () => ports.engine.sleep(namespace, { force: true }, context));
  if (reason !== undefined)
    throw new HowdahError("usage/invalid", `${namespace} can't sleep: ${reason}`, { hint: "`howdah status` shows how it is." });
}
