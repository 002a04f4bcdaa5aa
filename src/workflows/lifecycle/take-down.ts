import { recoverRollout } from "../rollout/recover-rollout.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";

/** Stops a site's pods; its objects, data and place in the edge stay, so that `up` brings it back in seconds. */
export async function takeDown(record: SiteRecord, ports: Ports, context: EngineContext): Promise<void> {
  await ports.locks.hold(record.namespace, "down", async () => {
    await recoverRollout(record.namespace, ports, context);
    // Asked first: without a working engine nothing is written down that the agent would carry out later, after this has failed.
    await ports.engine.observe(record.namespace);
    await ports.engine.scaleDown(record.namespace, context);
  });
}
