import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ComposedImage, ComposedSite } from "./compose-images.ts";

/** The machine's storage, as storing a site's images needs it. */
export interface SiteStorage {
  /** Puts images into the storage. Error: `image/build-failed`, also when a layer that an image leaves out is not there. */
  readonly store: (images: readonly ComposedImage[]) => Promise<void>;
  /** Which of these names the storage has now. */
  readonly look: (references: readonly string[]) => Promise<{ has(reference: string): boolean }>;
}

/** What the storage had when the build began. */
export interface SeenStorage {
  readonly images: { has(reference: string): boolean };
  /** diffIds of its layers. */
  readonly layers: ReadonlySet<string>;
}

/** A site whose images are in the storage. */
export interface StoredSite {
  readonly site: ComposedSite;
  /** References of those that were not there before. */
  readonly built: ReadonlySet<string>;
}

/**
 * Composes a site's images and stores those that were not there. What was seen when the build began may be gone: another process removes
 * images whenever it likes. So the storage is asked again for every image after the last thing that is done to it, and what it lacks then, or
 * refuses for a layer that was left out, is written once more, whole. Errors: those of `compose` and of `storage`.
 */
export async function storeSite(
  compose: (stored: ReadonlySet<string>) => Promise<ComposedSite>,
  seen: SeenStorage,
  storage: SiteStorage,
): Promise<StoredSite> {
  const first = await compose(seen.layers);
  const added = without(seen.images, first);
  const taken = await storage.store(added).then(
    () => true,
    (error: unknown) => {
      if (error instanceof HowdahError && error.code === "image/build-failed" && leavesOut(first)) return false;
      throw error;
    },
  );
  const there = await storage.look(imagesOf(first).map(({ reference }) => reference));
  if (taken && without(there, first).length === 0) return { site: first, built: namesOf(added) };
  const whole = await compose(new Set());
  const again = without(there, whole);
  await storage.store(again);
  return { site: whole, built: namesOf([...added, ...again]) };
}

function imagesOf({ web, php }: ComposedSite): readonly ComposedImage[] {
  return php === null ? [web] : [web, php];
}

function without(images: { has(reference: string): boolean }, site: ComposedSite): readonly ComposedImage[] {
  return imagesOf(site).filter(({ reference }) => !images.has(reference));
}

function namesOf(images: readonly ComposedImage[]): ReadonlySet<string> {
  return new Set(images.map(({ reference }) => reference));
}

function leavesOut(site: ComposedSite): boolean {
  return imagesOf(site).some(({ layers }) => layers.some(({ file, size }) => file === undefined && size > 0));
}
