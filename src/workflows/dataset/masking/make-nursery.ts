import { createHash } from "node:crypto";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import type { DatasetStorage } from "../../../providers/dataset-storage/dataset-storage.ts";
import type { PrivateServers } from "../../../providers/dataset/private-server.ts";
import type { EngineContext } from "../../ports.ts";
import type { Quarantine } from "../quarantine.ts";
import { makeEmptyServer, makeMountPoint, type Nursery } from "./private-breeder.ts";

/** What a nursery is made of. */
export interface WantedNursery {
  readonly quarantine: Quarantine;
  /** Id of the volume. */
  readonly volume: string;
  /** Of the server that will run on it: an empty one of its kind is kept and copied. */
  readonly version: string;
}

/**
 * A data directory without anybody's tables or accounts. Making one takes a server's first start, which is several seconds: an empty one is kept for each
 * version, and copied.
 */
export async function makeNursery(
  { quarantine, volume, version }: WantedNursery,
  { storage, servers }: { readonly storage: DatasetStorage; readonly servers: PrivateServers },
  context: EngineContext,
): Promise<Nursery> {
  if (storage.driver === "claims") {
    // A copy of a claim is seen by containers only, and nothing could be made in it from here.
    const nursery: Nursery = { quarantine, directory: await storage.createVolume(volume, context.signal) };
    await makeEmptyServer(nursery, { servers }, context);
    await makeMountPoint(nursery);
    return nursery;
  }
  const kind = `empty.${version.split(".").slice(0, 2).join("-")}.`;
  const template = `${kind}${createHash("sha256").update(quarantine.image).digest("hex").slice(0, 12)}`;
  const kept = (await storage.list()).filter(({ id }) => id.startsWith(kind));
  if (kept.some(({ id }) => id === template)) {
    const nursery: Nursery = { quarantine, directory: await storage.clone(template, volume, context.signal) };
    await makeMountPoint(nursery);
    return nursery;
  }
  const nursery: Nursery = { quarantine, directory: await storage.createVolume(volume, context.signal) };
  await makeEmptyServer(nursery, { servers }, context);
  for (const { id } of kept) await storage.destroy(id); // of images that are no longer used
  await storage.snapshot(volume, template, context.signal).catch((error: unknown) => {
    // Another site's breed was first.
    if (!(error instanceof HowdahError && error.code === "dataset/storage-taken")) throw error;
  });
  await makeMountPoint(nursery);
  return nursery;
}
