import type { SiteDocument } from "../site/schema/site-document.ts";

type Spec = NonNullable<SiteDocument["spec"]>;
type Plain = Readonly<Record<string, unknown>>;

function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Objects are merged key by key; anything else of `over` wins. */
function deep(base: unknown, over: unknown): unknown {
  if (!isPlain(base) || !isPlain(over)) return over === undefined ? base : over;
  const keys = new Set([...Object.keys(base), ...Object.keys(over)]);
  return Object.fromEntries([...keys].map((key) => [key, deep(base[key], over[key])]));
}

/** True when one mount lies in another. */
function overlaps(a: string, b: string): boolean {
  return a === b || a.startsWith(`${b}/`) || b.startsWith(`${a}/`);
}

/**
 * Puts what a recipe knows together with what the tree shows. The tree wins for the PHP version and the web root; extensions are joined;
 * for all that can't be seen (hooks, variables, configuration, health path, locations) the recipe wins.
 * Guessed mounts that overlap with one of the recipe's give way to it.
 */
export function mergeRecipe(seen: Spec, recipe: Spec | undefined): Spec {
  if (recipe === undefined) return seen;
  const known = Object.keys(recipe.mounts ?? {});
  const mounts = Object.fromEntries(Object.entries(seen.mounts ?? {}).filter(([path]) => !known.some((own) => overlaps(path, own))));
  const hooks = recipe.hooks === undefined ? seen.hooks : { ...seen.hooks, ...recipe.hooks };
  const merged = deep({ ...seen, mounts }, { ...recipe, hooks }) as Spec;
  if (seen.runtime === undefined) return merged;
  const extensions = [...new Set([...(seen.runtime.extensions ?? []), ...(recipe.runtime?.extensions ?? [])])].sort();
  const packages = [...new Set([...(seen.runtime.packages ?? []), ...(recipe.runtime?.packages ?? [])])].sort();
  const runtime = { ...merged.runtime, php: seen.runtime.php, extensions, ...(packages.length === 0 ? {} : { packages }) };
  // A recipe that says "slim" has looked at what the program runs.
  if (recipe.runtime?.flavour === "slim") delete (runtime as { packages?: unknown }).packages;
  return { ...merged, runtime };
}
