import { HowdahError } from "../../kernel/howdah-error.ts";
import type { InstalledPackage } from "../../kernel/image-contents.ts";
import { type ImageSize, layerUsers, sizeOf } from "../../plan/prune/image-sizes.ts";
import type { ImageKind } from "../../plan/prune/image-world.ts";
import { keptImages } from "../../plan/prune/plan-prune.ts";
import type { StoredFact } from "../../providers/image-store.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { readImageWorld } from "./read-image-world.ts";

/** An image of this instance, as `image ls` lists it. */
export interface ListedImage {
  /** Its names here; none for one that a killed build left. */
  readonly references: readonly string[];
  readonly id: string;
  readonly digest: string;
  readonly kind: ImageKind;
  readonly site: string | null;
  readonly bytes: ImageSize;
  /** RFC 3339; null when the storage does not tell. */
  readonly storedAt: string | null;
  /** Why it stays; empty for one that nothing needs. */
  readonly kept: readonly string[];
  /** Whether others have names for it, too: other instances, people. */
  readonly shared: boolean;
}

/** One image in detail. */
export interface InspectedImage extends ListedImage {
  /** Debian's packages, as the image's own files tell of them. */
  readonly packages: readonly Pick<InstalledPackage, "name" | "version" | "architecture">[];
  /** Base first. `images` is how many of the machine have it. */
  readonly layers: readonly { readonly diffId: string; readonly bytes: number; readonly images: number }[];
  readonly labels: Readonly<Record<string, string>>;
}

/** All images of this instance, those of sites by their names first. */
export async function listMachineImages(ports: Ports, signal: AbortSignal): Promise<readonly ListedImage[]> {
  return (await everything(ports, signal)).map(({ listed }) => listed).toSorted(byUse);
}

/**
 * The one image that is meant: its name, the last part of it (`site-shop-php:0123456789abcdef`), or the first digits of its id. Error:
 * `image/missing` when none or more than one is.
 */
export async function inspectMachineImage(given: string, ports: Ports, { emit, signal }: EngineContext): Promise<InspectedImage> {
  const all = await everything(ports, signal);
  const found = all.filter(({ image }) => isMeant(image, given));
  const [one] = found;
  if (one === undefined || found.length > 1) {
    const what = found.length > 1 ? `${found.length} images of Howdah are called ${given}` : `No image of Howdah here is called ${given}`;
    throw new HowdahError("image/missing", what, {
      hint: "`howdah image ls` lists them; a name or the first digits of an id tell one from another.",
    });
  }
  const layers = one.image.layers.map(({ diffId, key, bytes }) => ({ diffId, bytes, images: one.users.get(key) ?? 1 }));
  const contents = await ports.images.contents(await ports.images.export(one.image.id, emit, signal), signal);
  const packages = contents.packages.map(({ name, version, architecture }) => ({ name, version, architecture }));
  return { ...one.listed, layers, packages, labels: one.image.labels };
}

interface Entry {
  readonly image: StoredFact;
  readonly listed: ListedImage;
  readonly users: ReadonlyMap<string, number>;
}

async function everything(ports: Ports, signal: AbortSignal): Promise<readonly Entry[]> {
  const { world } = await readImageWorld(ports, signal);
  const kept = keptImages(world);
  const users = layerUsers(world.images);
  return world.images
    .filter(({ own, kind }) => own.length > 0 || kind === "half")
    .map((image) => ({
      image,
      users,
      listed: {
        ...{ references: image.own, id: image.id, digest: image.digest, kind: image.kind, site: image.site },
        bytes: sizeOf(image, users),
        storedAt: image.storedAt === null ? null : new Date(image.storedAt).toISOString(),
        kept: kept.get(image.id) ?? [],
        shared: image.others.length > 0,
      },
    }));
}

function isMeant({ id, own, digest }: StoredFact, given: string): boolean {
  if (own.some((name) => name === given || name.slice(name.lastIndexOf("/") + 1) === given)) return true;
  return digest === given || (/^(?:sha256:)?[0-9a-f]{6,64}$/.test(given) && id.startsWith(given.replace(/^sha256:/, "")));
}

const order: readonly ImageKind[] = ["site", "base", "builder", "system", "half", "other"];

function byUse(a: ListedImage, b: ListedImage): number {
  const names = (image: ListedImage): string => `${image.site ?? ""} ${image.references[0] ?? image.id}`;
  return order.indexOf(a.kind) - order.indexOf(b.kind) || (names(a) < names(b) ? -1 : 1);
}
