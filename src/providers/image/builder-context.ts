import type { Dispatcher } from "undici";
import type { Registry } from "../registry/registry.ts";
import type { DebianSources } from "./apt-sources.ts";
import type { Inspect } from "./batched-inspect.ts";
import type { StoredImage } from "./storage.ts";
import type { ImageNames } from "./image-names.ts";

/** What all image work shares: places, sources, transfers. Made once by `createImageBuilder`. */
export interface BuilderContext {
  readonly cacheDir: string;
  readonly entrypointDir: string;
  /** Where images of somebody else come from. */
  readonly registry?: Registry | undefined;
  readonly names: ImageNames;
  /** Says that this process needs images of these names from now on: ask before you look whether they are there. */
  readonly claim: (references: readonly string[]) => Promise<void>;
  /** Debian's name of the machine's architecture: `amd64`, `arm64`. */
  readonly architecture: string;
  /** How transfers go; asks apt on first use. */
  readonly dispatcher: () => Promise<Dispatcher>;
  /** Looks an image up; several at once in one process. */
  readonly inspect: Inspect;
  /** Reads several; those that the machine has, by the names that were asked for. */
  readonly inspectAll: (references: readonly string[], signal?: AbortSignal) => Promise<ReadonlyMap<string, StoredImage>>;
  /** The package sources; read on first use, since images that exist need none. */
  readonly sources: () => Promise<DebianSources>;
  /** A new directory of its own on the cache's file system; whoever asks removes it. */
  readonly newWorkDir: () => Promise<string>;
}
