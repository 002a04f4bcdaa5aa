import { keptImages } from "../release/release-store.ts";
import type { Ports } from "../ports.ts";

/** Removes a site's images but those that serve and those of releases that are kept: each deploy would otherwise leave two until the disk is full. */
export async function pruneImages(site: string, keep: readonly string[], ports: Ports, signal: AbortSignal): Promise<void> {
  const decidedAt = ports.clock.now();
  const [images, kept] = await Promise.all([ports.images.list(signal), keptImages(ports, site)]);
  const old = images.filter(
    (image) => image.kind === "site" && image.site === site && !keep.includes(image.reference) && !kept.has(image.reference),
  );
  if (old.length > 0)
    await ports.images.remove(
      old.map((image) => image.reference),
      { decidedAt, signal },
    );
}
