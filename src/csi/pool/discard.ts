import { momentOf } from "./moment.ts";
import type { PoolParts } from "./pool-parts.ts";

/** Takes away what is in the making or goes: first the data, then what is known of it, so that nothing is ever left that nobody knows. */
export async function discard({ storage, records, atStep }: PoolParts, id: string): Promise<void> {
  await storage.destroy(momentOf(id));
  await storage.destroy(id);
  atStep("delete/destroyed");
  await records.remove(id);
  atStep("delete/forgotten");
}
