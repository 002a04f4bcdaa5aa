import type { DatasetStorage } from "../../providers/dataset-storage/dataset-storage.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { BreedDocuments } from "./breed-journal.ts";
import type { DatasetPorts, Datasets } from "./dataset-ports.ts";
import { type Generation, type GenerationDocuments, generationName, holdersOf, listGenerations } from "./generation.ts";
import { destroyVolumes, reapGeneration } from "./publish-generation.ts";
import { recoverBreed } from "./recover-breeds.ts";

/** What was deleted, and what still is there because somebody needs it. */
export interface DeletedDatasets {
  readonly deleted: readonly string[];
  readonly held: readonly { readonly generation: string; readonly by: readonly string[] }[];
}

/** What deleting acts on. */
export interface Deleting extends Pick<DatasetPorts, "clock"> {
  readonly datasets: BreedDocuments & Pick<Datasets, "reports"> & { readonly servers: Pick<Datasets["servers"], "sweep"> };
  readonly datasetStorage: { existing(): Promise<Pick<DatasetStorage, "destroy" | "list"> | undefined> };
  readonly machine: Pick<DatasetPorts["machine"], "isProcessAlive">;
}

/**
 * Destroys generations of a site for good: those that are named, or all. What environments need stays; named, that is an error. The current one goes only
 * with all. Error: `dataset/in-use`, `dataset/none`.
 */
export async function deleteDatasets(
  site: string,
  which: readonly string[] | "all",
  { datasets, datasetStorage, clock, machine }: Deleting,
): Promise<DeletedDatasets> {
  // A storage that is not there is not made to delete something in it.
  const storage = (await datasetStorage.existing()) ?? NOTHING;
  // Whoever breeds holds the same lock, so that a journal which is there is of a breed that was cut off. It may publish: that goes too.
  await recoverBreed(site, { ...datasets, storage, clock, isProcessAlive: (identity) => machine.isProcessAlive(identity) });
  const known = await listGenerations(site, datasets);
  const chosen = which === "all" ? known.filter(({ state }) => state !== "reaped") : which.map((id) => required(id, known, site));
  const current = (await datasets.current.get(site))?.generation;
  const deleted: string[] = [];
  const held: DeletedDatasets["held"][number][] = [];
  for (const one of chosen) {
    if (which !== "all") await requireFree(one, current, datasets);
    if (one.id === current && (await holdersOf(one, datasets)).length === 0) await datasets.current.remove(site);
    if (await destroyOne(one, { ...datasets, storage })) {
      deleted.push(one.id);
      // Its number is remembered: it never comes again.
      await datasets.generations.put(generationName(site, one.id), { ...one, state: "reaped", report: null });
      if (one.report !== null) await datasets.reports.remove(one.report);
    } else held.push({ generation: one.id, by: await holdersOf(one, datasets) });
  }
  return { deleted, held };
}

function required(id: string, known: readonly Generation[], site: string): Generation {
  const found = known.find((one) => one.id === id);
  if (found === undefined) throw new HowdahError("dataset/none", `${site} has no generation ${JSON.stringify(id)}`);
  return found;
}

async function requireFree(generation: Generation, current: string | undefined, datasets: GenerationDocuments): Promise<void> {
  const holders = await holdersOf(generation, datasets);
  if (holders.length > 0) throw new HowdahError("dataset/in-use", `${generation.id} is used by ${holders.join(", ")}`);
  if (generation.id === current)
    throw new HowdahError("dataset/in-use", `${generation.id} is what new environments of ${generation.site} get`);
}

const NOTHING: Pick<DatasetStorage, "destroy" | "list"> = { destroy: () => Promise.resolve(false), list: () => Promise.resolve([]) };

type Destroying = Parameters<typeof reapGeneration>[1];

async function destroyOne(generation: Generation, destroying: Destroying): Promise<boolean> {
  if (["current", "draining"].includes(generation.state)) return await reapGeneration(generation, destroying);
  await destroyVolumes(generation, destroying.storage);
  return true;
}
