import { dropExpiredFormers } from "../database-move/former-databases.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { type Purged, purgeExpired } from "./purge-data.ts";

/** Deletes everything whose retention has ended: data of destroyed sites, and databases that sites have left. The agent calls it now and then. */
export async function purgeKept(ports: Ports, context: EngineContext): Promise<Purged> {
  const formers = await dropExpiredFormers(ports);
  const sites = await purgeExpired(ports, context);
  return { purged: [...formers.purged, ...sites.purged], failed: [...formers.failed, ...sites.failed] };
}
