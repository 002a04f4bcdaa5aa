import { HowdahError } from "../../kernel/howdah-error.ts";
import type { DatasetStatus } from "../../resources/schema/dataset.ts";
import { type DeletedDatasets, deleteDatasets } from "../../workflows/dataset/delete-datasets.ts";
import type { DatasetLook } from "./dataset-look.ts";
import { datasetSnapshots } from "./dataset-snapshots.ts";

/** Destroys generations that nobody needs; only while nothing is bred. */
export async function deleteGenerations(look: DatasetLook, ids: readonly string[] | "all"): Promise<DeletedDatasets> {
  const { datasets, namespace, ports, signal } = look;
  const storage = datasetSnapshots(ports.api, namespace, signal);
  return await deleteDatasets(namespace, ids, {
    datasets: { ...datasets, servers: { sweep: async () => 0 } },
    datasetStorage: { existing: async () => storage },
    clock: ports.clock,
    machine: { isProcessAlive: async () => false },
  });
}

/** The same as somebody asked for it: what can't go is told, and is no failure of the Dataset. */
export async function deleteAsked(
  look: DatasetLook,
  { asked, ids }: { readonly asked: string; readonly ids: readonly string[] | "all" },
): Promise<NonNullable<DatasetStatus["deleted"]>> {
  try {
    const { deleted, held } = await deleteGenerations(look, ids);
    const message = held.map(({ generation, by }) => `${generation} stays: ${by.join(", ")} use it`).join("; ");
    return { asked, generations: [...deleted], ...(message === "" ? {} : { message }) };
  } catch (error) {
    if (!(error instanceof HowdahError) || error.code.startsWith("cluster/")) throw error;
    return { asked, generations: [], message: error.message };
  }
}
