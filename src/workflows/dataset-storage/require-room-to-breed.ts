import { HowdahError } from "../../kernel/howdah-error.ts";
import type { DatasetStorage } from "../../providers/dataset-storage/dataset-storage.ts";
import { readableBytes } from "../database/byte-progress.ts";
import { currentGeneration, type GenerationDocuments, holdersOf, listGenerations } from "../dataset/generation.ts";

/** The raw tables and those that are made of them are there at one time. */
const TIMES = 2;

/**
 * When room becomes short, breeding stops first: environments go on. Refuses a breed that will not have the room that the published generation says it needs,
 * and names who holds superseded ones. Error: `dataset/storage-full`.
 */
export async function requireRoomToBreed(
  site: string,
  storage: Pick<DatasetStorage, "probe" | "freed">,
  { datasets }: { readonly datasets: GenerationDocuments },
): Promise<void> {
  const published = await currentGeneration(site, datasets);
  const needed = TIMES * (published?.volumes ?? []).reduce((sum, { bytes }) => sum + bytes, 0);
  if ((await storage.probe()).freeBytes >= needed) return;
  await storage.freed(); // what a breed that was cut off left may be going just now
  const { freeBytes } = await storage.probe();
  if (freeBytes >= needed) return;
  const held: string[] = [];
  for (const generation of await listGenerations(undefined, datasets)) {
    const holders = generation.state === "draining" ? await holdersOf(generation, datasets) : [];
    if (holders.length > 0) held.push(`${generation.site} ${generation.id} by ${holders.join(", ")}`);
  }
  const words = held.length === 0 ? "" : `; superseded generations are held: ${held.join("; ")}`;
  throw new HowdahError(
    "dataset/storage-full",
    `datasets: storage full: a breed of ${site} needs ${readableBytes(needed)}, and ${readableBytes(freeBytes)} are left${words}`,
    {
      hint: "`howdah dataset storage` says what each generation would free. `howdah env sync` or `howdah env delete` lets go of one; what is published stays.",
    },
  );
}
