import type { StorageFacts, StoredVolume, VolumeUsage } from "../../providers/dataset-storage/dataset-storage.ts";
import type { DatasetPorts } from "../dataset/dataset-ports.ts";
import { type HeldSpace, heldSpace } from "./held-space.ts";

/** One volume and what it takes; null while it is destroyed by somebody else. */
export type ShownVolume = StoredVolume & { readonly usage: VolumeUsage | null };

/** What the storage of datasets is, and what is in it. */
export interface ShownStorage extends StorageFacts {
  readonly volumes: readonly ShownVolume[];
  /** What could be deleted for room, the largest first. */
  readonly generations: readonly HeldSpace[];
}

/** Undefined: none has been made on this machine. Reads the maps of all files: a second for each tree of 20,000. */
export async function showStorage(
  { datasetStorage, datasets }: Pick<DatasetPorts, "datasetStorage" | "datasets">,
  signal: AbortSignal,
): Promise<ShownStorage | undefined> {
  const storage = await datasetStorage.existing();
  if (storage === undefined) return undefined;
  const volumes: ShownVolume[] = [];
  for (const volume of await storage.list()) {
    const usage = await storage.usage(volume.id, signal).catch((error: unknown) => unlessMissing(error));
    volumes.push({ ...volume, usage });
  }
  const generations = heldSpace(volumes, await datasets.generations.list(), await datasets.leases.list());
  return { ...(await storage.probe()), volumes, generations };
}

function unlessMissing(error: unknown): null {
  if ((error as { readonly code?: unknown }).code !== "dataset/storage-missing") throw error;
  return null;
}
