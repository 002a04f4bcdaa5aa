import * as z from "zod";
import { isDigest } from "../../kernel/image-reference.ts";

/** What a manifest says of a blob. */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  /** Bytes. */
  readonly size: number;
}

export const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
export const OCI_INDEX = "application/vnd.oci.image.index.v1+json";
const DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";
const DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json";

/** What we ask for: images and lists of images, as OCI and as docker write them. */
export const ACCEPTED_MANIFESTS = [OCI_MANIFEST, OCI_INDEX, DOCKER_MANIFEST, DOCKER_LIST].join(", ");

const descriptor = z.object({
  mediaType: z.string().max(255),
  digest: z.string().refine(isDigest, "is no sha256 digest"),
  size: z.int().min(0),
});
const platform = z.object({ architecture: z.string(), os: z.string(), variant: z.string().optional() });
const image = z.object({ schemaVersion: z.literal(2), config: descriptor, layers: z.array(descriptor).min(1).max(500) });
const index = z.object({ schemaVersion: z.literal(2), manifests: z.array(descriptor.extend({ platform: platform.optional() })).max(1000) });

/** An image's parts, or a list of images for several platforms. */
export type Manifest =
  | { readonly kind: "image"; readonly config: Descriptor; readonly layers: readonly Descriptor[] }
  | { readonly kind: "index"; readonly manifests: z.infer<typeof index>["manifests"] };

/** Reads a manifest. Answers a sentence when it is none that we can use. */
export function parseManifest(text: string): Manifest | string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return "its manifest is not JSON";
  }
  const isIndex = typeof value === "object" && value !== null && "manifests" in value;
  const parsed = isIndex ? index.safeParse(value) : image.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return `its manifest can't be used: ${issue?.path.join(".") ?? ""} ${issue?.message ?? ""}`;
  }
  return "manifests" in parsed.data ? { kind: "index", ...parsed.data } : { kind: "image", ...parsed.data };
}

/** The image for Linux on an architecture (Go's name: `amd64`, `arm64`); the plain one before its variants. Undefined when there is none. */
export function selectPlatform(manifests: Extract<Manifest, { kind: "index" }>["manifests"], architecture: string): Descriptor | undefined {
  const fitting = manifests.filter((entry) => entry.platform?.os === "linux" && entry.platform.architecture === architecture);
  const usual = architecture === "arm64" ? "v8" : undefined;
  return (
    fitting.find((entry) => entry.platform?.variant === undefined || entry.platform.variant === "") ??
    fitting.find((entry) => entry.platform?.variant === usual) ??
    fitting[0]
  );
}
