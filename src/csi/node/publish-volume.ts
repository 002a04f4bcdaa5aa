import { status } from "@grpc/grpc-js";
import { mkdir, rmdir, stat } from "node:fs/promises";
import { CsiError } from "../csi-error.ts";
import { findVolume } from "../pool/find-record.ts";
import type { PoolParts } from "../pool/pool-parts.ts";
import { type MountEntry, mountAt, mountsOf } from "./mount-table.ts";

/** How a pod gets a volume. */
export interface Publication {
  readonly id: string;
  /** Where the kubelet wants it. */
  readonly target: string;
  /** `ro`, `noexec`…: of this place only. */
  readonly options: readonly string[];
  /** Whether no other pod may have it (ReadWriteOncePod). */
  readonly alone: boolean;
}

/**
 * Shows a volume at the place that a kubelet names, by a bind mount; safe to repeat. Errors: `NOT_FOUND`; `ALREADY_EXISTS` when something else is mounted
 * there; `FAILED_PRECONDITION` when somebody has it who may have it alone.
 */
export async function publishVolume(parts: PoolParts, { id, target, options, alone }: Publication): Promise<void> {
  await parts.inTurn([id, target], async () => {
    await findVolume(parts, id);
    const directory = await parts.storage.directory(id);
    const table = await parts.mounts.table();
    const others = mountsOf(table, directory).filter(({ mountPoint }) => mountPoint !== target);
    if (alone && others[0] !== undefined)
      throw new CsiError(status.FAILED_PRECONDITION, `${id} is at ${others[0].mountPoint} already, and only one pod may have it`);
    const there = mountAt(table, target);
    if (there === undefined) await mountIt(parts, directory, target);
    else await mustShow(there, directory, options);
    const missing = options.filter((option) => there?.options.includes(option) !== true);
    if (missing.length > 0) await parts.mounts.change(target, options);
    parts.atStep("publish/ready");
  });
}

async function mountIt(parts: PoolParts, directory: string, target: string): Promise<void> {
  await mkdir(target, { recursive: true, mode: 0o750 });
  parts.atStep("publish/made");
  await parts.mounts.bind(directory, target);
  parts.atStep("publish/mounted");
}

/** The same directory has the same numbers, wherever it is mounted. */
async function mustShow(there: MountEntry, directory: string, options: readonly string[]): Promise<void> {
  const [at, own] = await Promise.all([stat(there.mountPoint), stat(directory)]);
  if (at.dev !== own.dev || at.ino !== own.ino)
    throw new CsiError(status.ALREADY_EXISTS, `Something else is mounted at ${there.mountPoint}`);
  if (there.options.includes("ro") && !options.includes("ro"))
    throw new CsiError(status.ALREADY_EXISTS, `It is mounted read-only at ${there.mountPoint}`);
}

/** Takes a volume away from a place, and the place too; safe to repeat. The volume need not be there any more. */
export async function unpublishVolume(parts: PoolParts, target: string): Promise<void> {
  await parts.inTurn([target], async () => {
    // More than one when a killed driver mounted it again.
    while (mountAt(await parts.mounts.table(), target) !== undefined) await parts.mounts.unmount(target);
    parts.atStep("unpublish/unmounted");
    await rmdir(target).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
    parts.atStep("unpublish/removed");
  });
}
