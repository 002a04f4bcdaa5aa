import type { Ports } from "../ports.ts";
import { deleteDatasets } from "./delete-datasets.ts";
import { listGenerations } from "./generation.ts";

/**
 * Of a site whose data is purged: its schedule and its datasets, or the next site of that name would begin with somebody else's. What environments still use
 * stays until they are gone.
 */
export async function forgetDatasets(site: string, ports: Pick<Ports, "datasets" | "datasetStorage" | "clock" | "machine">): Promise<void> {
  const { datasets, datasetStorage, clock, machine } = ports;
  if (datasets === undefined || datasetStorage === undefined) return;
  await datasets.schedules.remove(site);
  if ((await listGenerations(site, datasets)).length === 0) return;
  await deleteDatasets(site, "all", { datasets, datasetStorage, clock, machine });
}
