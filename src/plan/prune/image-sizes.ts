import type { ImageFact } from "./image-world.ts";

/** How much of the disk an image takes, in bytes, uncompressed. */
export interface ImageSize {
  readonly total: number;
  /** Of layers that no other image of the machine has: what removing the image alone would free. */
  readonly unique: number;
  readonly shared: number;
}

/** How many images have each layer, by the layer's key. */
export function layerUsers(images: readonly ImageFact[]): ReadonlyMap<string, number> {
  const users = new Map<string, number>();
  for (const { layers } of images) for (const { key } of layers) users.set(key, (users.get(key) ?? 0) + 1);
  return users;
}

/** The size of an image among all of the machine. */
export function sizeOf({ layers }: ImageFact, users: ReadonlyMap<string, number>): ImageSize {
  const total = layers.reduce((sum, { bytes }) => sum + bytes, 0);
  const unique = layers.filter(({ key }) => users.get(key) === 1).reduce((sum, { bytes }) => sum + bytes, 0);
  return { total, unique, shared: total - unique };
}
