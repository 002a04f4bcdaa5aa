import { LABEL_PREFIX } from "../../kernel/label.ts";
import type { ContainerFact, ImageKind } from "../../plan/prune/image-world.ts";
import type { StoredFact, StoreFacts } from "../image-store.ts";
import { programFailure, run } from "../process.ts";
import type { ImageClaims } from "./image-claims.ts";
import { IMAGE_EPOCH } from "./image-epoch.ts";
import type { ImageNames } from "./image-names.ts";
import { kindOf } from "./list-images.ts";
import { measured, readStorageLists, type StorageLists } from "./storage-lists.ts";

/** An image as `podman images --format json` has it. */
interface Listed {
  readonly Id: string;
  readonly Digest?: string;
  readonly Names?: readonly string[] | null;
  readonly Labels?: Readonly<Record<string, string>> | null;
  /** Seconds since 1970, as its configuration says. */
  readonly Created?: number;
}

/** Everything in the storage: all images, whoever made them, since they share layers; and all containers. */
export async function readStorage(names: ImageNames, claims: ImageClaims, signal?: AbortSignal): Promise<StoreFacts> {
  const claimed = await claims.others(Date.now());
  const { found, lists } = await imagesOf(signal);
  const images = found.map(({ listed, diffIds }): StoredFact => {
    const all = listed.Names ?? [];
    const own = all.filter((name) => names.owns(name));
    const label = (name: string): string | null => listed.Labels?.[`${LABEL_PREFIX}/${name}`] ?? null;
    const kind = own[0] === undefined ? strangeKind(listed) : (kinds[kindOf(own[0])] ?? "other");
    return {
      ...{ id: listed.Id, digest: listed.Digest ?? "", kind, site: kind === "site" ? label("site") : null },
      ...{ own, others: all.filter((name) => !names.owns(name)), recipe: label("recipe") },
      ...{ ...measured(diffIds, lists.layers), labels: listed.Labels ?? {} },
    };
  });
  return {
    images,
    containers: await containersOf(
      found.map(({ listed }) => listed),
      signal,
    ),
    claimed: [...claimed].filter((name) => names.owns(name)),
  };
}

const kinds: Readonly<Record<string, ImageKind>> = {
  site: "site",
  php: "base",
  nginx: "base",
  foreign: "base",
  mariadb: "system",
  galera: "system",
  "php-builder": "builder",
  "node-builder": "builder",
  "data-mover": "base",
  operator: "base",
  storage: "base",
};

/** An image without a name of ours. Of those without any, a build that was killed left what has our label and our time: other builders have a clock. */
function strangeKind({ Names, Labels, Created }: Listed): ImageKind {
  const isHalf = (Names ?? []).length === 0 && Labels?.[`${LABEL_PREFIX}/kind`] !== undefined && Created === IMAGE_EPOCH;
  return isHalf ? "half" : "other";
}

/** podman fails when another process removes an image while it is asked of it: then it is asked again. */
const ATTEMPTS = 5;

interface Found {
  readonly found: readonly { readonly listed: Listed; readonly diffIds: readonly string[] }[];
  readonly lists: StorageLists;
}

async function imagesOf(signal: AbortSignal | undefined): Promise<Found> {
  for (let attempt = 1; ; attempt += 1) {
    const argv = ["podman", "images", "--format", "json"];
    const ran = await run(argv, { signal, accept: "any" });
    const listed = ran.code === 0 ? (JSON.parse(ran.stdout || "[]") as readonly Listed[]) : [];
    const unique = [...new Map(listed.map((image) => [image.Id, image])).values()];
    const lists = await readStorageLists(signal);
    const others = unique.filter(({ Id }) => !lists.images.has(Id));
    const asked = ran.code === 0 ? await layersOf(others, signal) : undefined;
    if (asked !== undefined) {
      return { found: unique.map((image) => ({ listed: image, diffIds: lists.images.get(image.Id) ?? asked.get(image.Id) ?? [] })), lists };
    }
    if (attempt >= ATTEMPTS) throw programFailure(argv, ran);
  }
}

/** diffIds by image id, as podman tells them; undefined when one of the images is gone by now. */
async function layersOf(
  images: readonly Listed[],
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, readonly string[]> | undefined> {
  if (images.length === 0) return new Map();
  const ran = await run(["podman", "image", "inspect", "--", ...images.map(({ Id }) => Id)], { signal, accept: "any" });
  if (ran.code !== 0) return undefined;
  const found = JSON.parse(ran.stdout || "[]") as readonly {
    readonly Id: string;
    readonly RootFS?: { readonly Layers?: readonly string[] | null };
  }[];
  return new Map(found.map(({ Id, RootFS }) => [Id, RootFS?.Layers ?? []]));
}

/** Those of other programs (`--external`: buildah's) hold their images, too. */
async function containersOf(images: readonly Listed[], signal: AbortSignal | undefined): Promise<readonly ContainerFact[]> {
  const { stdout } = await run(["podman", "ps", "--all", "--external", "--format", "json"], { signal });
  const found = JSON.parse(stdout || "[]") as readonly {
    readonly Names?: readonly string[] | null;
    readonly Image?: string;
    readonly ImageID?: string;
    readonly State?: string;
  }[];
  const byName = new Map(images.flatMap(({ Id, Names }) => (Names ?? []).map((name) => [name, Id] as const)));
  return found.flatMap(({ Names, Image, ImageID, State }) => {
    const imageId = ImageID !== undefined && ImageID !== "" ? ImageID : byName.get(Image ?? "");
    return imageId === undefined ? [] : [{ name: Names?.[0] ?? "", imageId, running: State === "running" }];
  });
}
