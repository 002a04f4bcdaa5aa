import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { finished } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { BaseRequest } from "../../src/catalog/image-recipes.ts";
import { createImageBuilder } from "../../src/providers/image/create-image-builder.ts";
import { stream } from "../../src/providers/process.ts";

/** Sizes of one base image, in bytes. */
export interface ImageSize {
  readonly name: string;
  readonly installed: number;
  /** As a registry keeps it: one layer, gzip level 6. */
  readonly compressed: number;
}

const php = (version: "8.2" | "8.4", extensions: string): BaseRequest => ({
  kind: "php",
  version,
  extensions: extensions.split(" "),
  flavour: "slim",
  packages: [],
});

const WORDPRESS = "curl dom exif gd intl mbstring mysqli xml zip";
/** What an old host had that a real migration was about. */
const OLD_HOST =
  "bcmath bz2 calendar exif gd gettext gmp imagick imap intl ldap mysqli pcntl pdo_mysql redis shmop soap sockets sysvsem xsl zip opcache";

const requests: readonly (readonly [string, BaseRequest])[] = [
  ["nginx", { kind: "nginx", modules: [] }],
  ["nginx with brotli, ndk, lua, modsecurity", { kind: "nginx", modules: ["brotli", "ndk", "lua", "modsecurity"] }],
  ["PHP 8.4 with WordPress' extensions", php("8.4", WORDPRESS)],
  ["the same with imagick", php("8.4", `${WORDPRESS} imagick`)],
  ["PHP 8.2 with the 22 extensions of an old host", php("8.2", OLD_HOST)],
  ["MariaDB 11.8", { kind: "mariadb", version: "11.8" }],
];

/** Makes the base images that the documentation speaks of, where they are not there yet, and weighs them. */
export async function imageSizes(): Promise<readonly ImageSize[]> {
  const builder = await createImageBuilder({
    cacheDir: process.env["HOWDAH_CACHE_DIR"] ?? join(homedir(), ".cache", "howdah"),
    entrypointDir: resolve("src/entrypoint"),
    mirror: process.env["HOWDAH_DEBIAN_MIRROR"],
  });
  const quiet = (): void => undefined;
  const lock = await builder.lock({ images: requests.map(([, request]) => request) }, quiet);
  const sizes: ImageSize[] = [];
  for (const [name, request] of requests) {
    const image = await builder.ensureBase(request, lock, quiet);
    sizes.push({ name, installed: image.sizeBytes, compressed: await gzippedSize(image.reference) });
    if (image.built) await builder.remove([image.reference]);
  }
  return sizes;
}

async function gzippedSize(reference: string): Promise<number> {
  const saved = stream(["podman", "save", "--quiet", "--", reference]);
  const gzip = saved.stdout.pipe(createGzip({ level: 6 }));
  let bytes = 0;
  gzip.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
  });
  await finished(gzip);
  await saved.done;
  return bytes;
}
