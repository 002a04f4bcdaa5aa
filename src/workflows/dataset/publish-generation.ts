import type { DatasetStorage } from "../../providers/dataset-storage/dataset-storage.ts";
import { type Generation, type GenerationDocuments, generationName, holdersOf, listGenerations } from "./generation.ts";

/** How many documents of generations that are gone are kept, for `howdah dataset ls` and so that no number comes twice. */
const REMEMBERED = 10;

/** Makes a sealed generation the current one: one atomic write. Whoever opens an environment gets the former one or this one. Safe to repeat. */
export async function publishGeneration(sealed: Generation, at: string, documents: GenerationDocuments): Promise<Generation> {
  const { site, id } = sealed;
  const former = await documents.current.get(site);
  const published: Generation = { ...sealed, state: "current", publishedAt: sealed.publishedAt ?? at };
  await documents.generations.put(generationName(site, id), published);
  await documents.current.put(site, { site, generation: id, since: at });
  if (former !== undefined && former.generation !== id) await drain(site, former.generation, documents);
  return published;
}

async function drain(site: string, id: string, { generations }: GenerationDocuments): Promise<void> {
  const superseded = await generations.get(generationName(site, id));
  if (superseded?.state === "current") await generations.put(generationName(site, id), { ...superseded, state: "draining" });
}

/** What reaping needs. */
export interface Reaping extends GenerationDocuments {
  readonly storage: Pick<DatasetStorage, "destroy" | "list">;
}

/**
 * Destroys superseded generations that nothing holds, but for the newest `keep`, and what failed ones left. It writes first that one is reaped and looks for
 * leases then: who leases it meanwhile sees that, or is seen (`leaseGeneration`). Answers which went.
 */
export async function reapGenerations(site: string, keep: number, reaping: Reaping): Promise<readonly string[]> {
  const current = (await reaping.current.get(site))?.generation;
  await finishCutOff(site, reaping);
  const known = await listGenerations(site, reaping);
  for (const one of known) if (one.state === "current" && one.id !== current && current !== undefined) await drain(site, one.id, reaping);
  const draining = (await listGenerations(site, reaping)).filter(({ state }) => state === "draining");
  const gone: string[] = [];
  for (const one of draining.slice(0, Math.max(0, draining.length - keep))) if (await reapGeneration(one, reaping)) gone.push(one.id);
  await forgetOld(site, reaping);
  return gone;
}

/** A reaper that was killed has said that it reaps, and not yet looked for leases, or not yet destroyed everything. */
async function finishCutOff(site: string, reaping: Reaping): Promise<void> {
  const there = (await reaping.storage.list()).map(({ id }) => id);
  for (const one of await listGenerations(site, reaping)) {
    if (one.state !== "reaped" || !there.some((id) => id.startsWith(`${site}.${one.id}.`))) continue;
    const draining: Generation = { ...one, state: "draining" };
    if (!(await reapGeneration(draining, reaping))) await reaping.generations.put(generationName(site, one.id), draining);
  }
}

/** Destroys one; false when somebody holds it. */
export async function reapGeneration(generation: Generation, reaping: Reaping): Promise<boolean> {
  const name = generationName(generation.site, generation.id);
  if ((await holdersOf(generation, reaping)).length > 0) return false;
  await reaping.generations.put(name, { ...generation, state: "reaped" });
  if ((await holdersOf(generation, reaping)).length > 0) {
    await reaping.generations.put(name, generation);
    return false;
  }
  await destroyVolumes(generation, reaping.storage);
  return true;
}

/** All that the storage has of a generation: raw, half-made and published. */
export async function destroyVolumes(
  { site, id }: Pick<Generation, "site" | "id">,
  storage: Pick<DatasetStorage, "destroy" | "list">,
): Promise<number> {
  const its = (await storage.list()).filter((one) => one.id.startsWith(`${site}.${id}.`));
  for (const one of its) await storage.destroy(one.id);
  return its.length;
}

/** What a sealed generation was made in, and anything else of it that is not published. */
export async function destroyWorking(
  { site, id, volumes }: Pick<Generation, "site" | "id" | "volumes">,
  storage: Pick<DatasetStorage, "destroy" | "list">,
): Promise<void> {
  const kept = new Set(volumes.map(({ snapshot }) => snapshot));
  for (const one of await storage.list()) if (one.id.startsWith(`${site}.${id}.`) && !kept.has(one.id)) await storage.destroy(one.id);
}

async function forgetOld(site: string, { generations }: Reaping): Promise<void> {
  const over = (await listGenerations(site, { generations })).filter(({ state }) => ["reaped", "failed", "rejected"].includes(state));
  for (const one of over.slice(0, Math.max(0, over.length - REMEMBERED))) await generations.remove(generationName(site, one.id));
}
