import { parseImageReference, printReference } from "../../kernel/image-reference.ts";
import type { PreparedSite } from "./bill-of-materials.ts";

/** What an image of a site stands on. */
export interface BaseImage {
  readonly name: string;
  /** `sha256:…` of its manifest as a registry has it. */
  readonly digest: string;
  /** Its repository, when somebody else made it. */
  readonly repository?: string;
}

/** The base of a site's image: one of somebody else by the digest that the lock has, one of ours by that of its export. */
export async function baseOf(role: "web" | "php", { site, images, exported }: PreparedSite): Promise<BaseImage> {
  const named = role === "php" && site.runtime?.image ? parseImageReference(site.runtime.image) : undefined;
  if (named !== undefined && named.registry !== "localhost") {
    const full = printReference({ ...named, tag: named.tag ?? "latest", digest: undefined });
    const digest = named.digest ?? images.lock.foreign?.find(({ reference }) => reference === full)?.digest;
    const repository = `${named.registry}/${named.path}`;
    if (digest !== undefined) return { name: named.path.split("/").at(-1) ?? named.path, digest, repository };
  }
  const reference = (role === "php" ? images.php : images.web) ?? images.web;
  const ours = role === "php" ? "howdah-php" : "howdah-nginx";
  return { name: named?.path.split("/").at(-1) ?? ours, digest: (await exported(reference)).manifest.digest };
}
