import { discard } from "./discard.ts";
import type { PoolParts } from "./pool-parts.ts";

/**
 * Puts right what a killed driver left, before the first call: what was in the making goes, since nobody was told of it, and what was being deleted is
 * deleted. What nobody has a record of stays and is named: data are never deleted on a guess.
 */
export async function recover(parts: PoolParts): Promise<void> {
  const records = await parts.records.list();
  for (const { id, state } of records) {
    if (state === "ready") continue;
    await discard(parts, id);
    parts.log({ level: "info", msg: "finished what a killed driver left", id, state });
  }
  const known = new Set(records.map(({ id }) => id));
  const stored = new Set((await parts.storage.list()).map(({ id }) => id));
  for (const id of stored)
    if (!known.has(id) && !known.has(id.replace(/\.moment$/, "")))
      parts.log({ level: "warning", msg: "nobody knows of this data; it stays", id });
  for (const { id, state } of records)
    if (state === "ready" && !stored.has(id)) parts.log({ level: "error", msg: "the data of a volume are gone from the disk", id });
}
