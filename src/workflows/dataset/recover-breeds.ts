import type { DatasetStorage } from "../../providers/dataset-storage/dataset-storage.ts";
import type { BreedPorts } from "./breed-dataset.ts";
import { generationName } from "./generation.ts";
import { destroyVolumes, destroyWorking, publishGeneration } from "./publish-generation.ts";
import { RAW_PART } from "./volume-names.ts";

/** No breed takes so long: raw data that is older goes, whatever its breed says. */
const OLDEST_RAW_MS = 48 * 60 * 60_000;

/** What recovering needs. */
export type Recovering = Omit<BreedPorts, "processIdentity" | "storage"> & { readonly storage: Pick<DatasetStorage, "destroy" | "list"> };

/**
 * Ends a breed whose process is dead: what was sealed is published, everything else is destroyed and written down as failed. Does nothing while its process
 * lives, and when there is none.
 */
export async function recoverBreed(site: string, ports: Recovering): Promise<"published" | "destroyed" | undefined> {
  const journal = await ports.journals.get(site);
  if (journal === undefined || (await ports.isProcessAlive(journal.runner))) return undefined;
  const generation = await ports.generations.get(generationName(site, journal.generation));
  const at = new Date(ports.clock.now()).toISOString();
  if (generation?.state === "sealed" || generation?.state === "current") {
    await publishGeneration(generation, at, ports);
    await ports.servers.sweep(generationName(site, generation.id));
    await destroyWorking(generation, ports.storage);
    await ports.journals.remove(site);
    return "published";
  }
  await ports.servers.sweep(`${site}.${journal.generation}`);
  await destroyVolumes({ site, id: journal.generation }, ports.storage);
  const ended = generation !== undefined && ["failed", "rejected"].includes(generation.state);
  if (generation !== undefined && !ended)
    await ports.generations.put(generationName(site, generation.id), {
      ...generation,
      ...{ state: "failed", reason: `it was cut off while it was ${journal.step}` },
    });
  await ports.journals.remove(site);
  return "destroyed";
}

/** What the watchdog did. */
export interface Swept {
  /** Breeds that were ended, as `SITE.gN`. */
  readonly breeds: readonly string[];
  /** Volumes of raw data that nobody worked on. */
  readonly raw: readonly string[];
}

/** The watchdog over raw data: breeds that were cut off, containers of dead processes, and every raw volume without a breed or older than two days. */
export async function recoverBreeds(ports: Recovering): Promise<Swept> {
  const breeds: string[] = [];
  for (const { site, generation } of await ports.journals.list())
    if ((await recoverBreed(site, ports)) !== undefined) breeds.push(generationName(site, generation));
  await ports.servers.sweep();
  const working = new Set((await ports.journals.list()).map(({ site, generation }) => generationName(site, generation)));
  const raw: string[] = [];
  for (const { id, createdAt } of await ports.storage.list()) {
    if (!id.endsWith(`.${RAW_PART}`)) continue;
    const breed = id.slice(0, -RAW_PART.length - 1);
    const old = ports.clock.now() - Date.parse(createdAt) > OLDEST_RAW_MS;
    if (working.has(breed) && !old) continue;
    await ports.servers.sweep(breed);
    await ports.storage.destroy(id);
    raw.push(id);
  }
  return { breeds, raw };
}
