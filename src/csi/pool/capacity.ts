import { status } from "@grpc/grpc-js";
import { CsiError } from "../csi-error.ts";
import type { PoolParts } from "./pool-parts.ts";

/** Kept free whatever is asked for: btrfs needs room to delete. */
const HEADROOM = 0.02;

/** What can still be promised. */
export interface Capacity {
  readonly availableBytes: number;
  /** The largest size that one volume may have. */
  readonly largestBytes: number;
}

/**
 * A volume that is reserved gets what no other one was promised and what is still free. One that isn't (a copy that shares nearly everything with its
 * source) may be as large as the disk: what counts for it is only that something is left.
 */
export async function capacityOf(parts: Pick<PoolParts, "room" | "records">, reserve: boolean): Promise<Capacity> {
  const { totalBytes, freeBytes } = await parts.room();
  const left = Math.max(0, Math.floor(freeBytes - totalBytes * HEADROOM));
  if (!reserve) return { availableBytes: left === 0 ? 0 : totalBytes, largestBytes: left === 0 ? 0 : totalBytes };
  const records = await parts.records.list();
  const promised = records.reduce((sum, one) => sum + (one.kind === "volume" && one.reserved ? one.sizeBytes : 0), 0);
  const availableBytes = Math.max(0, Math.min(left, Math.floor(totalBytes * (1 - HEADROOM) - promised)));
  return { availableBytes, largestBytes: availableBytes };
}

/** Who promises looks first, and nobody else meanwhile: the key that all promises wait for. */
export const PROMISES = "promises";

/** Refuses what can't be kept. Error: `RESOURCE_EXHAUSTED`, on which a provisioner tries another node. */
export async function mustFit(parts: Pick<PoolParts, "room" | "records" | "node">, bytes: number, reserve: boolean): Promise<void> {
  const { availableBytes } = await capacityOf(parts, reserve);
  if (bytes <= availableBytes) return;
  throw new CsiError(
    status.RESOURCE_EXHAUSTED,
    `${bytes} bytes are asked for, ${availableBytes} are left on node ${parts.node} beside what other volumes were promised`,
  );
}
