import type { DatasetStorage } from "../../providers/dataset-storage/dataset-storage.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { PrivateServers } from "../../providers/dataset/private-server.ts";
import type { LockPort } from "../ports.ts";
import type { BreedPorts } from "./breed-dataset.ts";
import { datasetLock } from "./dataset-lock.ts";
import { generationName } from "./generation.ts";
import { destroyVolumes, destroyWorking, publishGeneration } from "./publish-generation.ts";
import { RAW_PART } from "./volume-names.ts";

/** No breed takes so long: raw data that is older goes, whatever its breed says. */
const OLDEST_RAW_MS = 48 * 60 * 60_000;

/** What recovering needs. */
export type Recovering = Omit<BreedPorts, "processIdentity" | "storage" | "servers"> & {
  readonly storage: Pick<DatasetStorage, "destroy" | "list">;
  readonly servers: Pick<PrivateServers, "sweep">;
};

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
  /** Volumes of raw data that are older than two days, and whose site's lock somebody has: a person has to look. */
  readonly overdue: readonly string[];
}

/** Needs what recovering needs, and the locks: whoever breeds or deletes a site's datasets has its lock. */
export type Watching = Recovering & { readonly locks: LockPort };

/**
 * The watchdog over raw data: breeds that were cut off, containers of dead processes, and every raw volume without a breed or older than two days. It looks
 * at a site while it has its lock, so that no breed begins between the look and the deed, and nothing is taken from under one; a site that somebody works on is
 * left to the next round.
 */
export async function recoverBreeds(ports: Watching): Promise<Swept> {
  const breeds: string[] = [];
  for (const { site } of await ports.journals.list()) {
    const ended = await unlessBusy(site, ports, () => endedBreed(site, ports));
    if (ended !== undefined) breeds.push(ended);
  }
  await ports.servers.sweep();
  const raw: string[] = [];
  const overdue: string[] = [];
  for (const volume of await ports.storage.list()) {
    if (!volume.id.endsWith(`.${RAW_PART}`)) continue;
    const old = ports.clock.now() - Date.parse(volume.createdAt) > OLDEST_RAW_MS;
    const gone = await unlessBusy(siteOf(volume.id), ports, () => (old ? destroyRaw(volume.id, ports) : destroyUnworked(volume.id, ports)));
    if (gone === true) raw.push(volume.id);
    else if (gone === undefined && old) overdue.push(volume.id);
  }
  return { breeds, raw, overdue };
}

/** What the lock knows the agent by: commands wait for it instead of failing. */
const WATCHDOG = "agent";

/** Does it with the lock of a site's datasets; undefined when somebody else has that. */
export async function unlessBusy<T>(site: string, { locks }: { readonly locks: LockPort }, work: () => Promise<T>): Promise<T | undefined> {
  let begun = false;
  try {
    return await locks.hold(datasetLock(site), WATCHDOG, () => {
      begun = true;
      return work();
    });
  } catch (error) {
    if (!begun && error instanceof HowdahError && error.code === "machine/busy") return undefined;
    throw error;
  }
}

/** The journal is read again: the one that was listed may have been of a breed that ended since. */
async function endedBreed(site: string, ports: Recovering): Promise<string | undefined> {
  const journal = await ports.journals.get(site);
  if (journal === undefined || (await recoverBreed(site, ports)) === undefined) return undefined;
  return generationName(site, journal.generation);
}

async function destroyUnworked(id: string, ports: Recovering): Promise<boolean> {
  const journal = await ports.journals.get(siteOf(id));
  if (journal !== undefined && generationName(journal.site, journal.generation) === breedOf(id)) return false;
  return await destroyRaw(id, ports);
}

async function destroyRaw(id: string, { servers, storage }: Recovering): Promise<boolean> {
  await servers.sweep(breedOf(id));
  await storage.destroy(id);
  return true;
}

/** `SITE.gN` of `SITE.gN.raw`. */
function breedOf(id: string): string {
  return id.slice(0, -RAW_PART.length - 1);
}

function siteOf(id: string): string {
  const breed = breedOf(id);
  return breed.slice(0, breed.lastIndexOf("."));
}
