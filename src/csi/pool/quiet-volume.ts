import { status } from "@grpc/grpc-js";
import { CsiError } from "../csi-error.ts";
import { mountsOf } from "../node/mount-table.ts";
import type { PoolParts } from "./pool-parts.ts";

/**
 * Copies a volume at one moment. Where the file system can't (XFS copies file by file), only while nobody can write to it: a server's files of
 * different moments would not start. Error: `FAILED_PRECONDITION`; the caller asks again until the pod has ended.
 */
export async function whileQuiet<T>(parts: PoolParts, id: string, copy: () => Promise<T>): Promise<T> {
  if (!parts.atomicSnapshots && (await writersOf(parts, id)))
    throw new CsiError(
      status.FAILED_PRECONDITION,
      `A pod writes to ${id}, and node ${parts.node} keeps volumes on a file system that can't copy them at one moment: end the pod first, or use btrfs`,
    );
  return await copy();
}

/** Refuses to take a volume from under those who have it mounted. Error: `FAILED_PRECONDITION`. */
export async function mustBeUnused(parts: Pick<PoolParts, "mounts" | "storage" | "node">, id: string): Promise<void> {
  const directory = await parts.storage.directory(id).catch(() => undefined);
  const [user] = directory === undefined ? [] : mountsOf(await parts.mounts.table(), directory);
  if (user === undefined) return;
  throw new CsiError(status.FAILED_PRECONDITION, `${id} is mounted at ${user.mountPoint} of node ${parts.node}`);
}

async function writersOf({ mounts, storage }: PoolParts, id: string): Promise<boolean> {
  const users = mountsOf(await mounts.table(), await storage.directory(id));
  return users.some(({ options }) => !options.includes("ro"));
}
