import { contentHash } from "./content-hash.ts";
import { IMAGE_EPOCH } from "./image-epoch.ts";

/** How a container starts from an image. */
export interface ImageConfig {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly user: string;
  readonly workingDir: string;
  readonly env: readonly string[];
  readonly stopSignal: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
}

/** An image as it will be: its layers by what they are, wherever their bytes lie. */
export interface ImageFacts {
  readonly architecture: string;
  readonly config: ImageConfig;
  /** Base first. `size` is that of the tar; 0 for a base's layers, whose sizes the storage does not tell. */
  readonly layers: readonly { readonly diffId: string; readonly size: number }[];
}

/** The two documents of an image, byte by byte. */
export interface ImageDocuments {
  /** sha256 of the configuration, in hex: podman's image id. */
  readonly id: string;
  readonly config: Buffer;
  /** sha256 of the manifest, in hex. */
  readonly digest: string;
  readonly manifest: Buffer;
}

/** Configuration and manifest of an image. Holds no clock: the same layers and way to start have the same digest everywhere. */
export function imageDocuments(image: ImageFacts): ImageDocuments {
  const created = new Date(IMAGE_EPOCH * 1000).toISOString();
  const config = bytesOf({
    created,
    architecture: image.architecture,
    os: "linux",
    config: ociConfig(image.config),
    rootfs: { type: "layers", diff_ids: image.layers.map((layer) => layer.diffId) },
    history: image.layers.map(() => ({ created, created_by: "howdah" })),
  });
  const id = contentHash(config);
  const manifest = bytesOf({
    schemaVersion: 2,
    mediaType: "application/vnd.oci.image.manifest.v1+json",
    config: { mediaType: "application/vnd.oci.image.config.v1+json", digest: `sha256:${id}`, size: config.length },
    layers: image.layers.map(({ diffId, size }) => ({ mediaType: "application/vnd.oci.image.layer.v1.tar", digest: diffId, size })),
  });
  return { id, config, digest: contentHash(manifest), manifest };
}

function bytesOf(document: object): Buffer {
  return Buffer.from(JSON.stringify(document));
}

function ociConfig(config: ImageConfig): object {
  return {
    User: config.user,
    Env: config.env,
    Entrypoint: config.entrypoint,
    Cmd: config.cmd,
    WorkingDir: config.workingDir,
    Labels: Object.fromEntries(Object.entries(config.labels).sort(([a], [b]) => (a < b ? -1 : 1))),
    ...(config.stopSignal === undefined ? {} : { StopSignal: config.stopSignal }),
  };
}
