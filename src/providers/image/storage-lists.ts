import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { LayerFact } from "../../plan/prune/image-world.ts";
import { run } from "../process.ts";
import { contentHash } from "./content-hash.ts";

/** What the storage knows of a layer at its place. */
export interface StoredLayer {
  /** Uncompressed bytes. */
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly storedAt: number;
}

/** What the storage's own lists say. */
export interface StorageLists {
  /** By the layer's key. */
  readonly layers: ReadonlyMap<string, StoredLayer>;
  /** diffIds of an image's layers, base first, by the image's id; images that the lists don't explain are left out. */
  readonly images: ReadonlyMap<string, readonly string[]>;
}

/** The parts of containers/storage's lists that are read. */
interface ListedLayer {
  readonly id: string;
  readonly parent?: string;
  readonly created?: string;
  readonly "diff-digest"?: string;
  readonly "diff-size"?: number;
}
interface ListedImage {
  readonly id: string;
  readonly layer?: string;
}

/**
 * Reads the lists that podman's storage keeps: podman itself tells sizes of layers only one image at a time, and takes 10 ms of CPU for the
 * layers of each. Without the lists nothing is known: sizes are 0, and podman is asked for the layers.
 */
export async function readStorageLists(signal?: AbortSignal): Promise<StorageLists> {
  const asked = await run(["podman", "info", "--format", "{{.Store.GraphRoot}}\n{{.Store.GraphDriverName}}"], { signal, accept: "any" });
  const [root = "", driver = ""] = asked.stdout.trim().split("\n");
  const read = (kind: string): Promise<string> => readFile(join(root, `${driver}-${kind}`, `${kind}.json`), "utf8").catch(() => "[]");
  return storageLists(await read("layers"), await read("images"));
}

/** Understands the two lists; what is not understood is left out. */
export function storageLists(layersText: string, imagesText: string): StorageLists {
  const byId = new Map((listIn(layersText) as readonly ListedLayer[]).map((layer) => [layer.id, layer]));
  const chains = new Map<string, readonly string[] | undefined>();
  const chainOf = (id: string): readonly string[] | undefined => {
    if (chains.has(id)) return chains.get(id);
    const layer = byId.get(id);
    const diffId = layer?.["diff-digest"];
    const below = layer?.parent === undefined || layer.parent === "" ? [] : chainOf(layer.parent);
    const chain = diffId === undefined || below === undefined ? undefined : [...below, diffId];
    chains.set(id, chain);
    return chain;
  };
  const layers = new Map<string, StoredLayer>();
  for (const layer of byId.values()) {
    const key = chainOf(layer.id)?.reduce(layerKey, "");
    if (key !== undefined) layers.set(key, { bytes: layer["diff-size"] ?? 0, storedAt: Date.parse(layer.created ?? "") || 0 });
  }
  const images = new Map<string, readonly string[]>();
  for (const { id, layer = "" } of listIn(imagesText) as readonly ListedImage[]) {
    const chain = chainOf(layer);
    if (chain !== undefined) images.set(id, chain);
  }
  return { layers, images };
}

/** The key of a layer: its tar and all that lie below it. */
function layerKey(below: string, diffId: string): string {
  return contentHash([below, diffId]);
}

function listIn(text: string): readonly unknown[] {
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list : [];
  } catch {
    return [];
  }
}

/** An image's layers with their sizes, and when the last of them was stored; null when that is not known. */
export function measured(
  diffIds: readonly string[],
  sizes: StorageLists["layers"],
): { readonly layers: readonly LayerFact[]; readonly storedAt: number | null } {
  const layers: LayerFact[] = [];
  for (const diffId of diffIds) {
    const key = layerKey(layers.at(-1)?.key ?? "", diffId);
    layers.push({ diffId, key, bytes: sizes.get(key)?.bytes ?? 0 });
  }
  return { layers, storedAt: sizes.get(layers.at(-1)?.key ?? "")?.storedAt ?? null };
}
