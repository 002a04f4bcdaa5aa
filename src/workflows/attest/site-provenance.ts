import { createHash } from "node:crypto";
import { normalRequest } from "../../catalog/image-recipes.ts";
import { suites } from "../../catalog/debian-suites.ts";
import { printLock } from "../../providers/image-lock.ts";
import { provenance } from "../../render/provenance/provenance.ts";
import { printPurl } from "../../render/sbom/purl.ts";
import { baseRequests } from "../up/prepare-images.ts";
import { baseOf } from "./base-of.ts";
import type { PreparedSite } from "./bill-of-materials.ts";
import type { SourcePlace } from "./source-place.ts";

/** A site with everything that its images were made from. */
export interface BuiltSite extends PreparedSite {
  /** The site file's text. */
  readonly text: string;
  /** Where the code was while it was built; null without version control. */
  readonly place: SourcePlace | null;
}

/** What one of a site's own images was made from, as a SLSA predicate: the code and its commit, the site file, the base, every pinned package. */
export async function siteProvenance(role: "web" | "php", given: BuiltSite): Promise<object> {
  const { site, images, text, version } = given;
  const base = await baseOf(role, given);
  const { name, digest, repository } = base;
  const uriOfBase =
    repository === undefined ? {} : { uri: printPurl({ type: "oci", name, version: digest, qualifiers: { repository_url: repository } }) };
  return provenance({
    site: site.name,
    role,
    codeDigest: images.site.codeDigest,
    siteFile: hexOf(text),
    lockFile: hexOf(printLock(images.lock)),
    hooks: site.hooks.build.flatMap((step) => ("argv" in step ? [step.argv] : [])),
    git: given.place,
    base: { name, digest, ...uriOfBase },
    packages: packagesOf(role, given),
    version,
  });
}

/** The pinned packages of the image's base, and of the builders that build hooks ran in. */
function packagesOf(role: "web" | "php", { site, images }: BuiltSite): Parameters<typeof provenance>[0]["packages"] {
  const modules = JSON.stringify(normalRequest({ kind: "nginx", modules: site.web.modules }));
  const wanted = new Set(
    baseRequests(site)
      .map((request) => ({ kind: request.kind, text: JSON.stringify(normalRequest(request)) }))
      .filter(({ kind, text }) => kind.endsWith("-builder") || (role === "php" ? kind === "php" : text === modules))
      .map(({ text }) => text),
  );
  return images.lock.images
    .filter((image) => wanted.has(JSON.stringify(normalRequest(image.request))))
    .flatMap(({ suite, packages }) => packages.map((one) => ({ ...one, distro: `debian-${suites[suite].versionId}` })));
}

function hexOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
