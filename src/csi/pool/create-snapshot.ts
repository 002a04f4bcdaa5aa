import { status } from "@grpc/grpc-js";
import { CsiError } from "../csi-error.ts";
import { discard } from "./discard.ts";
import { findVolume } from "./find-record.ts";
import { lasting } from "./lasting.ts";
import type { PoolParts } from "./pool-parts.ts";
import { whileQuiet } from "./quiet-volume.ts";
import type { SnapshotRecord } from "./records.ts";
import { snapshotId } from "./volume-id.ts";

/**
 * Takes a snapshot of a volume, or answers the one of that name. A call that was cut off takes a new one, of a later moment: nobody was told of the
 * first. Errors: `ALREADY_EXISTS` when the name is a snapshot of another volume; `NOT_FOUND`; `FAILED_PRECONDITION` (see `whileQuiet`).
 */
export async function createSnapshot(parts: PoolParts, name: string, volume: string): Promise<SnapshotRecord> {
  const id = snapshotId(parts.node, name);
  return await parts.inTurn([id, volume], async () => {
    const found = await parts.records.read(id);
    if (found?.kind === "snapshot" && found.state === "ready") return mustBeOf(found, volume);
    if (found !== undefined) await discard(parts, id);
    const { sizeBytes } = await findVolume(parts, volume);
    const createdAt = new Date(parts.clock.now()).toISOString();
    const record: SnapshotRecord = { kind: "snapshot", id, name, volume, sizeBytes, state: "making", createdAt };
    await parts.records.write(record);
    try {
      return await take(parts, record);
    } catch (error) {
      await discard(parts, id).catch((failure: unknown) => {
        parts.log({ level: "error", msg: "snapshot not taken away", id, failure: String(failure) });
      });
      throw error;
    }
  });
}

async function take(parts: PoolParts, record: SnapshotRecord): Promise<SnapshotRecord> {
  parts.atStep("snapshot/recorded");
  const directory = await whileQuiet(parts, record.volume, () => parts.storage.snapshot(record.volume, record.id));
  await lasting(parts.storage, directory);
  parts.atStep("snapshot/taken");
  const ready: SnapshotRecord = { ...record, state: "ready" };
  await parts.records.write(ready);
  parts.atStep("snapshot/ready");
  return ready;
}

function mustBeOf(found: SnapshotRecord, volume: string): SnapshotRecord {
  if (found.volume === volume) return found;
  throw new CsiError(status.ALREADY_EXISTS, `There is a snapshot ${found.name} already, of ${found.volume}`);
}
