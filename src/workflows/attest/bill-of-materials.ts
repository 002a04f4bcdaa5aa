import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { LibraryList } from "../../kernel/image-contents.ts";
import type { ExportedImage } from "../../providers/image-builder.ts";
import { librariesOf } from "../../render/sbom/libraries.ts";
import type { SpdxDocument } from "../../render/sbom/spdx.ts";
import { spdxDocument } from "../../render/sbom/spdx-document.ts";
import type { Site } from "../../site/site.ts";
import type { EngineContext, Ports } from "../ports.ts";
import type { PreparedImages } from "../up/prepare-images.ts";
import { baseOf } from "./base-of.ts";

/** The images of a site that have a bill of materials: its own two, and what they stand on. */
export const billedImages = ["php", "web", "php-base", "web-base", "database"] as const;
export type BilledImage = (typeof billedImages)[number];

/** A site with its images, ready to be told about. */
export interface PreparedSite {
  readonly site: Site;
  /** Absolute path of the tree. */
  readonly source: string;
  readonly images: PreparedImages;
  /** Howdah's. */
  readonly version: string;
  /** Exports an image of the site, each once. */
  readonly exported: (reference: string) => Promise<ExportedImage>;
}

/** What a base is called, on every machine. */
const ofBases = { "php-base": "howdah-php", "web-base": "howdah-nginx", database: "howdah-mariadb" } as const;

type BillPorts = Pick<Ports, "images" | "files">;

/** Which of them a site has. */
export function billedImagesOf({ images }: PreparedSite): readonly BilledImage[] {
  return billedImages.filter((name) => referenceOf(name, images) !== null);
}

/**
 * The bill of materials of one image, made from what lies in the image: Debian's packages, and for a site's own images the code and its libraries
 * (composer's are in PHP's image only, npm's in both). Errors: `usage/invalid` for an image that the site does not have, those of an export.
 */
export async function billOfMaterials(
  name: BilledImage,
  given: PreparedSite,
  ports: BillPorts,
  context: EngineContext,
): Promise<SpdxDocument> {
  const { site, images, version } = given;
  const reference = referenceOf(name, images);
  if (reference === null)
    throw new HowdahError("usage/invalid", `${site.name} has no image ${name}: it has ${billedImagesOf(given).join(", ")}`);
  const contents = await ports.images.contents(await given.exported(reference), context.signal);
  const common = { contents, tool: `howdah-${version}` };
  if (name !== "php" && name !== "web") return spdxDocument({ ...common, name: ofBases[name] });
  const lists = name === "php" ? contents.libraries : await listsOf(given, ports, context.signal);
  const { libraries, unreadable } = librariesOf(lists);
  for (const path of unreadable)
    context.emit({ type: "notice", level: "warning", message: `${path} is damaged: what it lists is not in the bill of materials` });
  if (contents.packages.length === 0) {
    context.emit({
      type: "notice",
      level: "warning",
      message: `the image ${name} has no records of Debian packages: its bill of materials lists none`,
    });
  }
  const shown = name === "php" ? libraries : libraries.filter(({ ecosystem }) => ecosystem === "npm");
  return spdxDocument({
    ...common,
    name: `${site.name}-${name}`,
    base: await baseOf(name, given),
    code: { site: site.name, digest: images.site.codeDigest, libraries: shown },
  });
}

/** The lists of a site's libraries: PHP's image has the whole tree, as its build hooks left it; a static site's image may lack them. */
async function listsOf({ source, images, exported }: PreparedSite, ports: BillPorts, signal: AbortSignal): Promise<readonly LibraryList[]> {
  const php = images.site.php?.reference;
  if (php !== undefined) return (await ports.images.contents(await exported(php), signal)).libraries;
  const text = await ports.files.read(join(source, "package-lock.json"));
  return text === undefined ? [] : [{ path: "package-lock.json", text }];
}

function referenceOf(name: BilledImage, images: PreparedImages): string | null {
  const all: Record<BilledImage, string | null> = {
    php: images.site.php?.reference ?? null,
    web: images.site.web.reference,
    "php-base": images.php,
    "web-base": images.web,
    database: images.database,
  };
  return all[name];
}
