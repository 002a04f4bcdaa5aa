import { digestOf } from "../../render/rendered.ts";
import type { SiteImages } from "../../providers/image-builder.ts";
import type { Site } from "../../site/site.ts";

/**
 * What a migration is known by: its inputs. The files that the site file names (`hooks.migrate.watch`) when there are any, else all of the
 * code; and the hook's own words. The same on every machine; another one means that the hook must run.
 */
export function migrationStep(site: Site, images: Pick<SiteImages, "codeDigest" | "watched">): string {
  const files = Object.keys(images.watched).length === 0 ? images.codeDigest : images.watched;
  return digestOf([site.hooks.migrate, files]).slice(0, 12);
}
