import { HowdahError } from "../../kernel/howdah-error.ts";
import { freedBytes, type GoneCache, type GoneImage, planCaches, planPrune, type PrunePlan } from "../../plan/prune/plan-prune.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { type ReadWorld, readImageWorld } from "./read-image-world.ts";

/** What is asked for. */
export interface PruneOptions {
  /** Milliseconds: what was stored or used since then stays. */
  readonly olderThan?: number | undefined;
}

/** A plan before anybody said yes. */
export interface PlannedPrune extends ReadWorld {
  readonly plan: PrunePlan;
}

/** What was deleted. */
export interface Pruned {
  readonly images: readonly GoneImage[];
  readonly caches: readonly GoneCache[];
  readonly freedBytes: number;
  /** How much of the plan stays: something has come to need it meanwhile. */
  readonly stayed: number;
}

/** What `image prune` would do now. Errors: those of the image store; `machine/state-unreadable`: without the whole state nothing is decided. */
export async function planMachinePrune(options: PruneOptions, ports: Ports, { emit, signal }: EngineContext): Promise<PlannedPrune> {
  const id = "prune/read";
  emit({ type: "task-started", id, title: "What is needed" });
  try {
    const read = await readImageWorld(ports, signal);
    const plan = planPrune(read.world, options);
    emit({ type: "task-done", id, outcome: "unchanged", detail: `${read.world.images.length} images looked at` });
    return { ...read, plan };
  } catch (error) {
    const [code, message] = error instanceof HowdahError ? ([error.code, error.message] as const) : (["bug", String(error)] as const);
    emit({ type: "task-failed", id, code, message });
    throw error;
  }
}

/**
 * Carries out what was shown, as far as it is still true: everything is read again, since a person may have thought for long, and each image is
 * asked after once more under the lock that builds take. Killed anywhere, nothing is half-gone; the next prune goes on.
 */
export async function pruneMachine(shown: PrunePlan, options: PruneOptions, ports: Ports, context: EngineContext): Promise<Pruned> {
  const { world, decidedAt, plan } = await planMachinePrune(options, ports, context);
  const agreed = new Set([...shown.images.map(({ reference }) => reference), ...shown.caches.map(({ cache }) => cache.id)]);
  const images = await removeImages(
    plan.images.filter(({ reference }) => agreed.has(reference)),
    decidedAt,
    ports,
    context,
  );
  const unneeded = planCaches(world, images, options).filter(({ cache }) => agreed.has(cache.id));
  const caches = await removeCaches(unneeded, ports, context);
  const stayed = shown.images.length + shown.caches.length - images.length - caches.length;
  return { images, caches, freedBytes: freedBytes(world, images, caches), stayed };
}

async function removeImages(
  planned: readonly GoneImage[],
  decidedAt: number,
  ports: Ports,
  { emit, signal }: EngineContext,
): Promise<readonly GoneImage[]> {
  return removing({ id: "prune/images", title: "Images", planned, emit }, async (progress) => {
    const gone: GoneImage[] = [];
    for (const one of planned) {
      const removed = await ports.images.remove([one.reference], { decidedAt, signal });
      if (removed.length > 0) gone.push(one);
      progress(gone.length);
    }
    return gone;
  });
}

async function removeCaches(planned: readonly GoneCache[], ports: Ports, { emit, signal }: EngineContext): Promise<readonly GoneCache[]> {
  return removing({ id: "prune/caches", title: "Caches", planned, emit }, async () => {
    const files = planned.map(({ cache }) => cache).filter(({ owner }) => owner.kind !== "compiled");
    const removed = new Set((await ports.imageStore.removeFromCache(files, signal)).map(({ id }) => id));
    const sites = new Set(planned.flatMap(({ cache: { owner } }) => (owner.kind === "compiled" ? [owner.site] : [])));
    const dropped = new Set<string>();
    for (const site of sites) if (await dropCompiled(site, ports)) dropped.add(site);
    return planned.filter(({ cache: { id, owner } }) => (owner.kind === "compiled" ? dropped.has(owner.site) : removed.has(id)));
  });
}

interface Removing<T> {
  readonly id: string;
  readonly title: string;
  readonly planned: readonly T[];
  readonly emit: EngineContext["emit"];
}

/** Tells how much of what was planned is gone, while it goes and in the end. */
async function removing<T>(
  { id, title, planned, emit }: Removing<T>,
  work: (progress: (gone: number) => void) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  if (planned.length === 0) return [];
  const detail = (gone: number): string => `${gone} of ${planned.length} removed`;
  emit({ type: "task-started", id, title });
  const gone = await work((count) => emit({ type: "task-progress", id, detail: detail(count) }));
  emit({ type: "task-done", id, outcome: gone.length > 0 ? "changed" : "unchanged", detail: detail(gone.length) });
  return gone;
}

/** False when a command works on the site: its code stays for now. */
async function dropCompiled(site: string, ports: Ports): Promise<boolean> {
  try {
    await ports.locks.hold(site, "image prune", () => ports.compiledCode.dropUnused(site));
    return true;
  } catch (error) {
    if (error instanceof HowdahError && error.code === "machine/busy") return false;
    throw error;
  }
}
