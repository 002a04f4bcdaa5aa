import { PROMISES, mustFit } from "./capacity.ts";
import { findVolume } from "./find-record.ts";
import type { PoolParts } from "./pool-parts.ts";
import { type SizeRange, sizeFor } from "./volume-wish.ts";

/**
 * Gives a volume a larger size while pods write to it; answers the size that it has then. It never becomes smaller. The limit goes first: a size that is
 * written down is one that is kept.
 */
export async function growVolume(parts: PoolParts, id: string, range: SizeRange): Promise<number> {
  return await parts.inTurn([id, PROMISES], async () => {
    const found = await findVolume(parts, id);
    const wanted = sizeFor(range, null);
    if (wanted <= found.sizeBytes) return found.sizeBytes;
    await mustFit(parts, found.reserved ? wanted - found.sizeBytes : wanted, found.reserved);
    await parts.limits.set(await parts.storage.directory(id), wanted);
    parts.atStep("grow/limited");
    await parts.records.write({ ...found, sizeBytes: wanted });
    parts.atStep("grow/recorded");
    return wanted;
  });
}
