import { digestOf } from "../../render/rendered.ts";
import type { RenderInput } from "../../render/site/render-input.ts";
import { renderSite } from "../../render/site/render-site.ts";
import type { Site } from "../../site/site.ts";
import type { Ports } from "../ports.ts";
import type { Release } from "../release/release.ts";
import type { Prepared } from "./prepare-site.ts";

/** The release that a prepared site would be; equal digests mean that nothing changed. */
export function draftRelease(
  { site, why }: { readonly site: Site; readonly why: string | null },
  { input, images, git }: Pick<Prepared, "input" | "images" | "git">,
  ports: Pick<Ports, "clock" | "settings">,
): Omit<Release, "id"> {
  const { web, php } = images;
  return {
    namespace: site.name,
    site,
    input,
    images: {
      web: { reference: web.reference, digest: web.digest },
      php: php === null ? null : { reference: php.reference, digest: php.digest },
    },
    codeDigest: images.codeDigest,
    configDigest: configDigest(site, input),
    migration: site.hooks.migrate.length === 0 ? null : input.migration,
    judged: [],
    git,
    who: ports.settings.who,
    when: new Date(ports.clock.now()).toISOString(),
    why,
    rollbackOf: null,
  };
}

/** Of everything that is rendered, without what the code decides: images and identities. */
export function configDigest(site: Site, input: RenderInput): string {
  const blank: RenderInput = {
    ...input,
    images: { web: "web", php: input.images.php === null ? null : "php" },
    releaseId: "release",
    migration: "migration",
  };
  return digestOf([site, renderSite(site, blank).map(({ key, digest }) => [key, digest])]);
}
