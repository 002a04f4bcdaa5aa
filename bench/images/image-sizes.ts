import { mkdtemp, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { BaseRequest } from "../../src/catalog/image-recipes.ts";
import { createImageBuilder } from "../../src/providers/image/create-image-builder.ts";
import type { ImageBuilder } from "../../src/providers/image-builder.ts";
import { emptyStore } from "../support/empty-store.ts";

/** Sizes of one base image, in bytes. */
export interface ImageSize {
  readonly name: string;
  readonly installed: number;
  /** As a registry keeps it: gzip layers, configuration and manifest, from the bytes of an export. */
  readonly compressed: number;
  /** What it may have at most, and what we aim for. */
  readonly goal?: { readonly most: number; readonly aim: number };
}

/** How long the images with a goal take, both side by side. */
export interface BuildTime {
  /** `nothing`: no package, no index, no image. `packages`: they are in the cache. `images`: they are in the store. */
  readonly from: "nothing" | "packages" | "images";
  readonly seconds: number;
  readonly goal?: { readonly most: number; readonly aim?: number };
}

const php = (version: "8.2" | "8.4", extensions: string): BaseRequest => ({
  kind: "php",
  version,
  extensions: extensions.split(" "),
  flavour: "slim",
  packages: [],
});

const WORDPRESS = "curl dom exif gd intl mbstring mysqli xml zip";
/** What an old host had that a real migration was about: 21 extensions and opcache (R-A9 of the requirements). */
const OLD_HOST =
  "bcmath bz2 calendar exif gd gettext gmp imagick imap intl ldap mysqli pcntl pdo_mysql redis shmop soap sockets sysvsem xsl zip opcache";

type Wanted = readonly [string, BaseRequest, ImageSize["goal"]?];

/** The images that the old host's thesis had: what they weighed there is the most that ours may. */
const goals: readonly Wanted[] = [
  [
    "nginx with brotli, ndk, lua, modsecurity",
    { kind: "nginx", modules: ["brotli", "ndk", "lua", "modsecurity"] },
    { most: 43.3e6, aim: 30e6 },
  ],
  ["PHP 8.2 with the 21 extensions of an old host, and opcache", php("8.2", OLD_HOST), { most: 79.2e6, aim: 65e6 }],
];

const others: readonly Wanted[] = [
  ["nginx", { kind: "nginx", modules: [] }],
  ["PHP 8.4 with WordPress' extensions", php("8.4", WORDPRESS)],
  ["the same with imagick", php("8.4", `${WORDPRESS} imagick`)],
  ["MariaDB 11.8", { kind: "mariadb", version: "11.8" }],
];

/**
 * Builds the two images that have goals from nothing, in a store and a cache of their own, again with the packages there, and again with the
 * images there; and weighs them and the other base images that the documentation speaks of.
 */
export async function imageSizes(): Promise<{ readonly sizes: readonly ImageSize[]; readonly builds: readonly BuildTime[] }> {
  const base = await mkdtemp(join(tmpdir(), "howdah-sizes-"));
  const store = await emptyStore(join(base, "store"));
  let found: { sizes: readonly ImageSize[]; builds: readonly BuildTime[] };
  try {
    const cacheDir = join(base, "cache");
    const nothing = await timed("nothing", cacheDir, { most: 600, aim: 60 });
    const builder = await builderOn(cacheDir);
    const sizes = await weighed(builder, goals);
    await builder.remove((await builder.list()).map((image) => image.reference));
    const packages = await timed("packages", cacheDir);
    found = { sizes, builds: [nothing, packages, await timed("images", cacheDir, { most: 5 })] };
  } finally {
    await store.remove();
    await rm(base, { recursive: true, force: true });
  }
  const builder = await builderOn(process.env["HOWDAH_CACHE_DIR"] ?? join(homedir(), ".cache", "howdah"));
  return { ...found, sizes: [...found.sizes, ...(await weighed(builder, others))] };
}

const quiet = (): void => undefined;

function builderOn(cacheDir: string): Promise<ImageBuilder> {
  return createImageBuilder({ cacheDir, entrypointDir: resolve("src/entrypoint"), mirror: process.env["HOWDAH_DEBIAN_MIRROR"] });
}

async function timed(from: BuildTime["from"], cacheDir: string, goal?: BuildTime["goal"]): Promise<BuildTime> {
  const started = performance.now();
  const builder = await builderOn(cacheDir);
  const requests = goals.map(([, request]) => request);
  const lock = await builder.lock({ images: requests }, quiet);
  await Promise.all(requests.map((request) => builder.ensureBase(request, lock, quiet)));
  const seconds = (performance.now() - started) / 1000;
  return { from, seconds, ...(goal === undefined ? {} : { goal }) };
}

/** Makes what is not there, and takes it away again. */
async function weighed(builder: ImageBuilder, wanted: readonly Wanted[]): Promise<readonly ImageSize[]> {
  const lock = await builder.lock({ images: wanted.map(([, request]) => request) }, quiet);
  const sizes: ImageSize[] = [];
  for (const [name, request, goal] of wanted) {
    const image = await builder.ensureBase(request, lock, quiet);
    const { manifest, config, layers } = await builder.export(image.reference, quiet);
    const compressed = [manifest, config, ...layers].reduce((sum, { size }) => sum + size, 0);
    sizes.push({ name, installed: image.sizeBytes, compressed, ...(goal === undefined ? {} : { goal }) });
    if (image.built) await builder.remove([image.reference]);
  }
  return sizes;
}
