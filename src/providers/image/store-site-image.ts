import { HowdahError } from "../../kernel/howdah-error.ts";
import { LABEL_PREFIX } from "../../kernel/label.ts";
import type { BuiltImage, SiteImageRequest, SiteImages } from "../image-builder.ts";
import { contentHash } from "./content-hash.ts";
import { inspectImage, type LayerSource, nameImage, type StoredImage, storeImage } from "./storage.ts";

type Role = "web" | "php";

/** What is known of a site's image when it is stored. */
export interface SiteImageFacts {
  readonly request: SiteImageRequest;
  readonly identity: string;
  readonly files: number;
  readonly codeDigest: string;
  readonly workDir: string;
  readonly signal: AbortSignal | undefined;
}

/** Puts one image of a site into the storage: the base, the layers, the base's way to start, labels. */
export async function storeSite(role: Role, base: StoredImage, layers: readonly LayerSource[], facts: SiteImageFacts): Promise<BuiltImage> {
  const { request, signal } = facts;
  const reference = referenceOf(request, role, base, facts.identity);
  const labels = {
    ...base.config.labels,
    ...request.labels,
    [`${LABEL_PREFIX}/kind`]: "site",
    [`${LABEL_PREFIX}/site`]: request.site,
    [`${LABEL_PREFIX}/role`]: role,
    [`${LABEL_PREFIX}/code`]: facts.codeDigest,
    [`${LABEL_PREFIX}/files`]: String(facts.files),
  };
  const image = {
    architecture: base.architecture,
    config: { ...base.config, labels },
    layers: [...base.layers.map((diffId): LayerSource => ({ diffId })), ...layers],
  };
  const imageId = await storeImage(image, facts.workDir, signal);
  await nameImage(imageId, reference, signal);
  const stored = await inspectImage(reference, signal);
  if (stored === undefined) throw new HowdahError("image/build-failed", `The image ${reference} is not there after it was built`);
  return { reference, digest: stored.digest, sizeBytes: stored.sizeBytes, built: true };
}

function referenceOf(request: SiteImageRequest, role: Role, base: StoredImage, identity: string): string {
  const tag = contentHash([base.id, identity, role, request.labels ?? {}]).slice(0, 16);
  return `localhost/howdah/site-${request.site}-${role}:${tag}`;
}

/** The images of a site when the machine has them all: an unchanged tree builds nothing. */
export async function existing(
  request: SiteImageRequest,
  bases: { readonly web: StoredImage; readonly php: StoredImage | undefined },
  identity: string,
  signal: AbortSignal | undefined,
): Promise<Omit<SiteImages, "skippedLinks" | "watchedDigest"> | undefined> {
  const find = async (role: Role, base: StoredImage): Promise<(BuiltImage & { readonly stored: StoredImage }) | undefined> => {
    const reference = referenceOf(request, role, base, identity);
    const stored = await inspectImage(reference, signal);
    return stored && { reference, digest: stored.digest, sizeBytes: stored.sizeBytes, built: false, stored };
  };
  const web = await find("web", bases.web);
  if (web === undefined) return undefined;
  const php = bases.php === undefined ? undefined : await find("php", bases.php);
  if (bases.php !== undefined && php === undefined) return undefined;
  const { labels } = web.stored;
  return {
    web: plain(web),
    php: php === undefined ? null : plain(php),
    codeDigest: labels[`${LABEL_PREFIX}/code`] ?? "",
    files: Number(labels[`${LABEL_PREFIX}/files`] ?? 0),
  };
}

function plain({ reference, digest, sizeBytes, built }: BuiltImage): BuiltImage {
  return { reference, digest, sizeBytes, built };
}
