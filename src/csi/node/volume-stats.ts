import { status } from "@grpc/grpc-js";
import { CsiError } from "../csi-error.ts";
import { findVolume } from "../pool/find-record.ts";
import type { PoolParts } from "../pool/pool-parts.ts";
import { mountsOf } from "./mount-table.ts";

/**
 * What a volume holds and may still take. Where the file system counts nothing for a directory, the numbers are those of the whole disk: that is what a
 * pod can fill. Error: `NOT_FOUND` when the volume isn't at that path.
 */
export async function volumeStats(parts: PoolParts, id: string, path: string): Promise<readonly object[]> {
  await findVolume(parts, id);
  const directory = await parts.storage.directory(id);
  const users = mountsOf(await parts.mounts.table(), directory);
  if (path !== directory && !users.some(({ mountPoint }) => mountPoint === path))
    throw new CsiError(status.NOT_FOUND, `${id} is not mounted at ${path}`);
  const [counted, room] = await Promise.all([parts.limits.usage(directory), parts.room()]);
  if (counted === undefined)
    return [{ unit: "BYTES", total: room.totalBytes, available: room.freeBytes, used: room.totalBytes - room.freeBytes }];
  const left = Math.max(0, counted.limitBytes - counted.usedBytes);
  return [{ unit: "BYTES", total: counted.limitBytes, available: Math.min(left, room.freeBytes), used: counted.usedBytes }];
}
