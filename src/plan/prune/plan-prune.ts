import { unneededCaches } from "./plan-caches.ts";
import type { CacheFact, ImageFact, ImageWorld } from "./image-world.ts";

/** One name of an image that goes. */
export interface GoneImage {
  /** A name of this instance, or the id of an image without a name. */
  readonly reference: string;
  readonly image: ImageFact;
  readonly because: string;
}

/** One thing of a cache that goes. */
export interface GoneCache {
  readonly cache: CacheFact;
  readonly because: string;
}

/** What a prune deletes, and why everything else stays. */
export interface PrunePlan {
  /** Images that lie on others come before them. */
  readonly images: readonly GoneImage[];
  readonly caches: readonly GoneCache[];
  /** Why an image of this instance stays, by id; sorted. Empty for one that is only too young for `olderThan`. */
  readonly kept: ReadonlyMap<string, readonly string[]>;
  /** Bytes of layers that no image has afterwards, and of caches. */
  readonly freedBytes: number;
}

/** A build stores an image and names it seconds later. */
const HALF_MADE_MS = 60 * 60 * 1000;

/**
 * Decides what may be deleted. An image goes when nothing names it as needed, no container has it (running or not), and no image that stays
 * was made from it. Only names of this instance go: what others have named stays theirs, and costs nothing twice. `olderThan` (milliseconds)
 * leaves what was stored or used since. Touches nothing.
 */
export function planPrune(world: ImageWorld, { olderThan }: { readonly olderThan?: number | undefined } = {}): PrunePlan {
  const kept = keptImages(world);
  const gone = world.images
    .filter((image) => !kept.has(image.id) && isOld(image, world.now, olderThan))
    .toSorted((a, b) => b.layers.length - a.layers.length)
    .flatMap((image) => {
      const names = image.own.length > 0 ? image.own : isHalfMade(image, world.now) ? [image.id] : [];
      return names.map((reference): GoneImage => ({ reference, image, because: reasonOf(image) }));
    });
  const caches = planCaches(world, gone, { olderThan });
  return { images: gone, caches, kept, freedBytes: freedBytes(world, gone, caches) };
}

/** What of the caches has no use once these images are gone. */
export function planCaches(
  world: ImageWorld,
  gone: readonly GoneImage[],
  { olderThan }: { readonly olderThan?: number | undefined },
): readonly GoneCache[] {
  return unneededCaches({ ...world, images: remaining(world.images, gone) }, olderThan);
}

/** Bytes of layers that no image has once these are gone, and of caches. */
export function freedBytes(world: ImageWorld, gone: readonly GoneImage[], caches: readonly GoneCache[]): number {
  const layers = bytesOf(world.images) - bytesOf(remaining(world.images, gone));
  return caches.reduce((sum, { cache }) => sum + cache.bytes, layers);
}

/** Why images of this instance are needed, by id. */
export function keptImages(world: ImageWorld): ReadonlyMap<string, readonly string[]> {
  const reasons = new Map<string, Set<string>>();
  const keep = ({ id }: ImageFact, because: string): void => void reasons.set(id, (reasons.get(id) ?? new Set()).add(because));
  const needs = Map.groupBy(world.needs, ({ reference }) => reference);
  const containers = Map.groupBy(world.containers, ({ imageId }) => imageId);
  for (const image of world.images) {
    for (const reference of image.own) for (const { because } of needs.get(reference) ?? []) keep(image, because);
    for (const { name, running } of containers.get(image.id) ?? []) keep(image, `container ${name}${running ? "" : " (stopped)"}`);
  }
  const byTop = Map.groupBy(world.images, ({ layers }) => layers.at(-1)?.key ?? "");
  for (const image of world.images) {
    // an image of others needs its layers, which stay, but no name of ours; one without a name goes only when nothing lies on it
    const needsNames = reasons.has(image.id) && image.own.length > 0;
    for (const { key } of image.layers.slice(0, -1)) {
      for (const base of byTop.get(key) ?? []) {
        if (base.kind === "half" ? image.own.length + image.others.length > 0 : needsNames) keep(base, `base of ${nameOf(image)}`);
      }
    }
  }
  return new Map([...reasons].map(([id, all]) => [id, [...all].toSorted()]));
}

/** What is in the storage when these names are gone: an image goes with its last one. */
function remaining(images: readonly ImageFact[], gone: readonly GoneImage[]): readonly ImageFact[] {
  const names = new Set(gone.map(({ reference }) => reference));
  return images.filter(
    ({ id, own, others }) => others.length > 0 || (own.length > 0 ? own.some((name) => !names.has(name)) : !names.has(id)),
  );
}

/** Bytes of layers, each counted once. */
function bytesOf(images: readonly ImageFact[]): number {
  const layers = new Map(images.flatMap((image) => image.layers.map(({ key, bytes }) => [key, bytes] as const)));
  return [...layers.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function isOld({ storedAt }: ImageFact, now: number, olderThan: number | undefined): boolean {
  return olderThan === undefined || storedAt === null || now - storedAt > olderThan;
}

function isHalfMade({ kind, others, storedAt }: ImageFact, now: number): boolean {
  return kind === "half" && others.length === 0 && (storedAt === null || now - storedAt > HALF_MADE_MS);
}

function reasonOf({ kind, site }: ImageFact): string {
  if (kind === "half") return "a build that was cut off left it";
  return kind === "site"
    ? `no release of ${site ?? "a site"} that is kept has it`
    : "no site's lock names it, and no image that stays was made from it";
}

function nameOf({ own, others, id }: ImageFact): string {
  const [name = id.slice(0, 12)] = [...own, ...others];
  return name.slice(name.lastIndexOf("/") + 1);
}
