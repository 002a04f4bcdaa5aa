import type { Ports } from "../ports.ts";

/** Removes a site's images but those that serve now and those before them: each deploy would otherwise leave two until the disk is full. */
export async function pruneImages(site: string, keep: readonly string[], ports: Ports, signal: AbortSignal): Promise<void> {
  const images = await ports.images.list(signal);
  const old = images.filter((image) => image.kind === "site" && image.site === site && !keep.includes(image.reference));
  if (old.length > 0)
    await ports.images.remove(
      old.map((image) => image.reference),
      signal,
    );
}
