import type { Ports } from "../ports.ts";
import { datasetLock } from "./dataset-lock.ts";
import type { Datasets } from "./dataset-ports.ts";
import { deleteDatasets } from "./delete-datasets.ts";
import { type GenerationState, generationName, listGenerations } from "./generation.ts";

/**
 * Of a site whose data is purged: its schedule and its datasets, or the next site of that name would begin with somebody else's. What environments still use
 * stays until they are gone, for them alone; the agent destroys it then. Error: `machine/busy` while somebody breeds it.
 */
export async function forgetDatasets(
  site: string,
  ports: Pick<Ports, "datasets" | "datasetStorage" | "clock" | "machine" | "locks">,
): Promise<void> {
  const { datasets, datasetStorage, clock, machine, locks } = ports;
  if (datasets === undefined || datasetStorage === undefined) return;
  await datasets.schedules.remove(site);
  const none = (await listGenerations(site, datasets)).length === 0 && (await datasets.journals.get(site)) === undefined;
  if (none && (await datasets.current.get(site)) === undefined) return;
  await locks.hold(datasetLock(site), "purge", async () => {
    await deleteDatasets(site, "all", { datasets, datasetStorage, clock, machine });
    await disown(site, datasets);
  });
}

const ENDED: readonly GenerationState[] = ["reaped", "failed", "rejected"];

/** What is held is nobody's current dataset any more, and nobody else can take it. */
async function disown(site: string, { current, generations }: Datasets): Promise<void> {
  await current.remove(site);
  for (const one of await listGenerations(site, { generations }))
    if (!ENDED.includes(one.state)) await generations.put(generationName(site, one.id), { ...one, state: "draining", disowned: true });
}
