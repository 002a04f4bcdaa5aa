import { status } from "@grpc/grpc-js";
import { CsiError } from "../csi-error.ts";
import type { PoolParts } from "./pool-parts.ts";
import type { SnapshotRecord, VolumeRecord } from "./records.ts";
import { whereabouts } from "./volume-id.ts";

/** A volume that somebody was told of. Error: `NOT_FOUND`. */
export async function findVolume({ records }: Pick<PoolParts, "records">, id: string): Promise<VolumeRecord> {
  const found = isId(id) ? await records.read(id) : undefined;
  if (found?.kind === "volume" && found.state === "ready") return found;
  throw new CsiError(status.NOT_FOUND, `There is no volume ${id} on this node`);
}

/** A snapshot that somebody was told of; undefined when there is none. */
export async function snapshotIfThere({ records }: Pick<PoolParts, "records">, id: string): Promise<SnapshotRecord | undefined> {
  const found = isId(id) ? await records.read(id) : undefined;
  return found?.kind === "snapshot" && found.state === "ready" ? found : undefined;
}

/** What a copy is made of. Errors: `RESOURCE_EXHAUSTED` when another node has it, so that a provisioner goes on to the next one; `NOT_FOUND`. */
export async function findSource(
  parts: Pick<PoolParts, "records" | "node">,
  { kind, id }: NonNullable<VolumeRecord["source"]>,
): Promise<{ readonly sizeBytes: number }> {
  if (whereabouts(parts.node, id) === "elsewhere")
    throw new CsiError(status.RESOURCE_EXHAUSTED, `${id} is on another node: a copy of it can't be made on ${parts.node}`);
  if (kind === "volume") return await findVolume(parts, id);
  const found = await snapshotIfThere(parts, id);
  if (found !== undefined) return found;
  throw new CsiError(status.NOT_FOUND, `There is no snapshot ${id} on this node`);
}

/** Only what has the shape of our ids ever becomes the name of a file. */
function isId(id: string): boolean {
  return whereabouts("", id) !== "nowhere";
}
