import { access } from "node:fs/promises";
import { join } from "node:path";
import type { LockedImage } from "../image-lock.ts";
import { writeAtomically } from "../../host/write-atomically.ts";

/**
 * Keeps which packages (sha256) an image was made from, by its recipe: they stay in the cache as long as the image is on the machine. Fails at
 * nothing: an image whose packages are not known keeps them all for a month.
 */
export async function keepRecipe(cacheDir: string, recipe: string, { packages }: LockedImage): Promise<void> {
  const file = join(cacheDir, "recipes", `${recipe}.json`);
  const isThere = await access(file).then(
    () => true,
    () => false,
  );
  if (isThere) return;
  const text = JSON.stringify({ packages: packages.map(({ sha256 }) => sha256) });
  await writeAtomically(file, text, { mode: 0o644 }).catch(() => undefined);
}

/** Reads what was kept; undefined when it can't be understood. */
export function packagesIn(text: string): readonly string[] | undefined {
  try {
    const { packages } = JSON.parse(text) as { readonly packages?: unknown };
    return Array.isArray(packages) ? packages.filter((one): one is string => typeof one === "string") : undefined;
  } catch {
    return undefined;
  }
}
