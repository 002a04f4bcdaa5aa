import { ownerOfCopy } from "../../engine/copied-volume-id.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { DatasetPorts } from "../dataset/dataset-ports.ts";
import { generationName } from "../dataset/generation.ts";

/**
 * Destroys the storage of datasets of this machine with every generation in it, so that the machine is as it was before the first one. What environments or
 * breeds need stays, and all the rest with it: errors `dataset/in-use`, `dataset/storage-busy`. Answers whether there was a storage.
 */
export async function destroyStorage(ports: Pick<DatasetPorts, "datasets" | "datasetStorage" | "machine">): Promise<boolean> {
  const { datasets, datasetStorage } = ports;
  await requireUnused(ports);
  const pointers = await datasets.current.list();
  for (const { site } of pointers) await datasets.current.remove(site); // from here on nobody leases
  try {
    await requireUnused(ports);
    const was = await datasetStorage.destroy();
    for (const generation of await datasets.generations.list()) {
      if (generation.report !== null) await datasets.reports.remove(generation.report);
      await datasets.generations.put(generationName(generation.site, generation.id), { ...generation, state: "reaped", report: null });
    }
    return was;
  } catch (error) {
    if ((await datasetStorage.existing().catch(() => undefined)) !== undefined)
      for (const pointer of pointers) await datasets.current.put(pointer.site, pointer);
    throw error;
  }
}

/** Environments hold leases, and volumes of their own, also those that began with no dataset. */
async function requireUnused({
  datasets,
  datasetStorage,
  machine,
}: Pick<DatasetPorts, "datasets" | "datasetStorage" | "machine">): Promise<void> {
  const users = (await datasets.leases.list()).map(({ holder }) => holder);
  for (const { site, generation, runner } of await datasets.journals.list())
    if (await machine.isProcessAlive(runner)) users.push(`the breed of ${site} ${generation}`);
  // One that is damaged can't say what is in it, and must be destroyable all the same: containers that use it are still noticed.
  const volumes =
    (await datasetStorage.existing().then(
      (storage) => storage?.list(),
      () => [],
    )) ?? [];
  users.push(...volumes.flatMap(({ id }) => ownerOfCopy(id)?.namespace ?? []));
  if (users.length === 0) return;
  throw new HowdahError("dataset/in-use", `The storage of datasets is used by ${[...new Set(users)].toSorted().join(", ")}`, {
    hint: "Delete these environments first (`howdah env ls` names them); a breed ends by itself.",
  });
}
