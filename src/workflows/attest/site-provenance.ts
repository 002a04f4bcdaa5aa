import { createHash } from "node:crypto";
import { normalRequest } from "../../catalog/image-recipes.ts";
import { suites } from "../../catalog/debian-suites.ts";
import { printLock } from "../../providers/image-lock.ts";
import { provenance } from "../../render/provenance/provenance.ts";
import { printPurl } from "../../render/sbom/purl.ts";
import type { Ports } from "../ports.ts";
import { baseRequests } from "../up/prepare-images.ts";
import { baseOf } from "./base-of.ts";
import type { PreparedSite } from "./bill-of-materials.ts";

/** A site with everything that its images were made from. */
export interface BuiltSite extends PreparedSite {
  /** The site file's text. */
  readonly text: string;
}

/** What one of a site's own images was made from, as a SLSA predicate: the code and its commit, the site file, the base, every pinned package. */
export async function siteProvenance(role: "web" | "php", given: BuiltSite, ports: Pick<Ports, "git" | "gitRemote">): Promise<object> {
  const { site, source, images, text, version } = given;
  const [git, uri, base] = await Promise.all([ports.git(source), ports.gitRemote(source), baseOf(role, given)]);
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
    git: git === null ? null : { ...git, uri },
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
