import { lasting } from "./lasting.ts";
import { PROMISES, mustFit } from "./capacity.ts";
import { discard } from "./discard.ts";
import { findSource } from "./find-record.ts";
import { momentOf } from "./moment.ts";
import type { PoolParts } from "./pool-parts.ts";
import type { VolumeRecord } from "./records.ts";
import { whileQuiet } from "./quiet-volume.ts";
import { volumeId } from "./volume-id.ts";
import { type VolumeWish, mustBeTheSame, sizeFor } from "./volume-wish.ts";

/**
 * Makes a volume, empty or as a copy, or answers the one that was made of the same wish. Killed anywhere, a repetition begins anew or finds it ready:
 * until it is `ready` nobody was told its id. What fails leaves nothing.
 */
export async function createVolume(parts: PoolParts, wish: VolumeWish): Promise<VolumeRecord> {
  const id = volumeId(parts.node, wish.name);
  return await parts.inTurn([id, ...(wish.source === null ? [] : [wish.source.id])], async () => {
    const found = await parts.records.read(id);
    if (found?.kind === "volume" && found.state === "ready") return mustBeTheSame(found, wish);
    if (found !== undefined) await discard(parts, id);
    const record = await promise(parts, id, wish);
    try {
      parts.atStep("create/recorded");
      return await make(parts, record);
    } catch (error) {
      // What can't be taken away now goes with the next start: its record stays.
      await discard(parts, id).catch((failure: unknown) => {
        parts.log({ level: "error", msg: "volume not taken away", id, failure: String(failure) });
      });
      throw error;
    }
  });
}

/** Looks for room and writes the wish down, nobody else meanwhile. */
async function promise(parts: PoolParts, id: string, wish: VolumeWish): Promise<VolumeRecord> {
  const source = wish.source === null ? null : await findSource(parts, wish.source);
  const sizeBytes = sizeFor(wish.size, source?.sizeBytes ?? null);
  return await parts.inTurn([PROMISES], async () => {
    await mustFit(parts, sizeBytes, wish.reserve);
    const record: VolumeRecord = {
      kind: "volume",
      id,
      name: wish.name,
      sizeBytes,
      reserved: wish.reserve,
      source: wish.source,
      state: "making",
      createdAt: new Date(parts.clock.now()).toISOString(),
    };
    await parts.records.write(record);
    return record;
  });
}

async function make(parts: PoolParts, record: VolumeRecord): Promise<VolumeRecord> {
  const directory = await fill(parts, record);
  await lasting(parts.storage, directory);
  parts.atStep("create/filled");
  await parts.limits.set(directory, record.sizeBytes);
  parts.atStep("create/limited");
  const ready: VolumeRecord = { ...record, state: "ready" };
  await parts.records.write(ready);
  parts.atStep("create/ready");
  return ready;
}

async function fill(parts: PoolParts, { id, source }: VolumeRecord): Promise<string> {
  const { storage } = parts;
  if (source === null) return await storage.createVolume(id);
  if (source.kind === "snapshot") return await storage.clone(source.id, id);
  const moment = momentOf(id);
  await whileQuiet(parts, source.id, () => storage.snapshot(source.id, moment));
  parts.atStep("create/source-taken");
  const directory = await storage.clone(moment, id);
  await storage.destroy(moment);
  return directory;
}
