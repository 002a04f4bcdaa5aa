import type { Site } from "../../site/site.ts";
import { imageNameOf } from "./prepare-images.ts";
import { keptImages } from "../release/release-store.ts";
import type { Ports } from "../ports.ts";

/**
 * Removes a site's images but those that serve and those of releases that are kept: each deploy would otherwise leave two until the disk is full.
 * Images that tenants share stay while any of them needs one.
 */
export async function pruneImages(site: Site, keep: readonly string[], ports: Ports, signal: AbortSignal): Promise<void> {
  const decidedAt = ports.clock.now();
  const name = imageNameOf(site);
  const [images, kept, copied] = await Promise.all([
    ports.images.list(signal),
    keptImages(ports, name === site.name ? `${name}.` : undefined),
    keptImages(ports, `${name}--`), // and those of its environments, which are called alike
  ]);
  const old = images.filter(
    (image) =>
      image.kind === "site" &&
      image.site === name &&
      !keep.includes(image.reference) &&
      ![kept, copied].some((set) => set.has(image.reference)),
  );
  if (old.length > 0)
    await ports.images.remove(
      old.map((image) => image.reference),
      { decidedAt, signal },
    );
}
