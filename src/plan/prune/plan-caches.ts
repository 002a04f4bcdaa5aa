import { unreachable } from "../../kernel/unreachable.ts";
import type { CacheFact, ImageWorld } from "./image-world.ts";
import type { GoneCache } from "./plan-prune.ts";

const HOUR_MS = 60 * 60 * 1000;
/** What was written just now may belong to an image that is stored in a moment. */
const FRESH_MS = HOUR_MS;
/** How long what may be of use again is left alone: it costs seconds of work to have it back. */
const REUSABLE_MS = 30 * 24 * HOUR_MS;

/** What of the caches has no use for the images that stay. */
export function unneededCaches(world: ImageWorld, olderThan: number | undefined): readonly GoneCache[] {
  const diffIds = new Set(world.images.flatMap(({ layers }) => layers.map(({ diffId }) => diffId)));
  const ids = new Set(world.images.map(({ id }) => id));
  const recipes = new Set(world.images.flatMap(({ recipe }) => (recipe === null ? [] : [recipe])));
  const packages = new Set([...world.lockedPackages, ...[...recipes].flatMap((recipe) => world.recipes.get(recipe) ?? [])]);
  // an image that an older Howdah made may have any package
  const isUnknown = [...recipes].some((recipe) => !world.recipes.has(recipe));
  const reason = ({ owner }: CacheFact): string | undefined => {
    switch (owner.kind) {
      case "layer":
        return diffIds.has(owner.diffId) ? undefined : "a layer of no image that stays";
      case "configuration":
        return ids.has(owner.imageId) ? undefined : "of no image that stays";
      case "package":
        return packages.has(owner.sha256) ? undefined : "a package of no image that stays, and of no site's lock";
      case "recipe":
        return recipes.has(owner.recipe) ? undefined : "of no image that stays";
      case "reusable":
        return "not used for long";
      case "leftover":
        return owner.alive ? undefined : "left by a process that has ended";
      case "compiled":
        return owner.used ? undefined : `compiled code that nothing of ${owner.site} runs`;
      default:
        return unreachable(owner);
    }
  };
  return world.caches.flatMap((cache) => {
    const because = reason(cache);
    return because === undefined || world.now - cache.usedAt <= leastAge(cache, isUnknown, olderThan) ? [] : [{ cache, because }];
  });
}

function leastAge({ owner }: CacheFact, isUnknown: boolean, olderThan: number | undefined): number {
  if (owner.kind === "leftover" || owner.kind === "compiled") return -Infinity; // whether it is in use was asked
  if (owner.kind === "reusable") return olderThan ?? REUSABLE_MS;
  if (owner.kind === "package" && isUnknown) return Math.max(REUSABLE_MS, olderThan ?? 0);
  return Math.max(FRESH_MS, olderThan ?? 0);
}
