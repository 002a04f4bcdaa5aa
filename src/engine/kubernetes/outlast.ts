import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Cluster } from "./cluster.ts";

/** So long a wait goes on while the API server is away: control planes are upgraded in a few minutes, and pods serve meanwhile. */
const OUTAGE_MS = 300_000;
const PAUSE_MS = 2000;

/** Asks again as long as the API server is away or fails: what is read may be read again. Other failures, and a long outage, are thrown. */
export async function outlast<T>(cluster: Cluster, ask: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const until = cluster.clock.now() + OUTAGE_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (signal?.aborted === true || !isOutage(error) || cluster.clock.now() >= until) throw error;
      await cluster.clock.sleep(PAUSE_MS, signal);
    }
  }
}

function isOutage(error: unknown): boolean {
  return error instanceof HowdahError && (error.code === "cluster/unreachable" || error.code === "cluster/failed");
}
