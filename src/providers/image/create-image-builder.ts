import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Dispatcher } from "undici";
import type { Suite } from "../../catalog/debian-suites.ts";
import type { Emit } from "../../kernel/event.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ExportedImage, ImageBuilder } from "../image-builder.ts";
import type { run } from "../process.ts";
import type { Registry } from "../registry/registry.ts";
import { ensureBaseImage } from "./base-image.ts";
import { batchedInspect } from "./batched-inspect.ts";
import type { BuilderContext } from "./builder-context.ts";
import { debianArchitecture } from "./debian-architecture.ts";
import { namingDiskFull } from "./disk-errors.ts";
import { ensureForeign } from "./foreign-image.ts";
import { exportImage } from "./export-image.ts";
import { imageContents } from "./image-contents.ts";
import { hostSources } from "./host-sources.ts";
import { type ImageClaims, imageClaims } from "./image-claims.ts";
import { DEFAULT_INSTANCE, imageNames } from "./image-names.ts";
import { isAlive } from "../../host/is-alive.ts";
import { listImages } from "./list-images.ts";
import { openLiveCopy } from "./live/live-copy.ts";
import { lockImages } from "./lock-images.ts";
import { dispatcherLikeApt } from "./proxy.ts";
import { ensureSiteImages } from "./site-image.ts";
import { inspectImages, removeImage, removeNameless } from "./storage.ts";
import { makeWorkingCopy } from "./working-copy.ts";

/** Settings of the image builder; the wiring reads them. */
export interface ImageBuilderOptions {
  /** Packages, indexes and build caches, by content: `~/.cache/howdah`. Safe to delete while nothing is built. */
  readonly cacheDir: string;
  /** The directory with the entrypoint programs: `src/entrypoint` of a checkout. */
  readonly entrypointDir: string;
  /** Address of a Debian mirror instead of the host's own sources (HOWDAH_DEBIAN_MIRROR). */
  readonly mirror?: string | undefined;
  /** Where images of somebody else come from; without it there are none. */
  readonly registry?: Registry;
  /** Whose names the images get (HOWDAH_INSTANCE); default: the instance without a name of its own. */
  readonly instance?: string;
  /** Where processes of this instance say which images they need; default: in the cache. */
  readonly claimsDir?: string;
  /** How podman is asked about images; default: a process each time. */
  readonly run?: typeof run;
  /** Environment that build hooks get beside their own: proxies and registries of the host. */
  readonly hookEnvironment?: Readonly<Record<string, string>>;
}

/** Makes the image builder of this machine. Touches nothing before it is asked for something. */
export async function createImageBuilder(options: ImageBuilderOptions): Promise<ImageBuilder> {
  const claims = imageClaims(options.claimsDir ?? join(options.cacheDir, "claims"));
  const context = contextOf(options, claims);
  const updated = new Map<Suite, Promise<void>>();
  return {
    lock: (request, emit, signal) => namingStops(signal, () => lockImages(request, context, { emit, signal, updated })),
    ensureBase: (request, lock, emit, signal) => namingStops(signal, () => ensureBaseImage(request, lock, context, { emit, signal })),
    ensureForeign: (reference, lock, emit, signal) => namingStops(signal, () => ensureForeign(reference, lock, context, { emit, signal })),
    ensureSite: (request, lock, emit, signal) =>
      namingStops(signal, () => ensureSiteImages(request, lock, context, { emit, signal, hookEnvironment: options.hookEnvironment ?? {} })),
    openLive: (wanted) => openLiveCopy(wanted, context, options.hookEnvironment ?? {}),
    workingCopy: (request, lock, emit, signal) =>
      namingStops(signal, () => makeWorkingCopy(request, lock, context, { emit, signal, hookEnvironment: options.hookEnvironment ?? {} })),
    export: (reference, emit, signal) => namingStops(signal, () => exporting(reference, context, { emit, signal })),
    contents: (image, signal) =>
      namingStops(signal, () => namingDiskFull(context.cacheDir, () => imageContents(image, { cacheDir: context.cacheDir, signal }))),
    list: (signal) => listImages(context.names, signal),
    remove: async (references, { decidedAt = Date.now(), signal } = {}) => {
      const removed: string[] = [];
      for (const reference of references) {
        signal?.throwIfAborted();
        const removal = context.names.owns(reference) ? removeImage : removeNameless;
        if (await claims.removeUnclaimed(reference, decidedAt, () => removal(reference, signal))) removed.push(reference);
      }
      return removed;
    },
  };
}

/** An export as a task that says how far it is: a base's first one takes seconds. */
async function exporting(
  reference: string,
  context: BuilderContext,
  { emit, signal }: { readonly emit: Emit; readonly signal?: AbortSignal | undefined },
): Promise<ExportedImage> {
  const id = `image/export-${reference}`;
  emit({ type: "task-started", id, title: `Layers of ${reference}` });
  let compressed = false;
  const onProgress = (done: number, total: number): void => {
    compressed = true;
    emit({ type: "task-progress", id, detail: `compressed ${done} of ${total} layers` });
  };
  try {
    const exported = await namingDiskFull(context.cacheDir, () => exportImage(reference, { ...context, signal, onProgress }));
    emit({ type: "task-done", id, outcome: compressed ? "changed" : "unchanged" });
    return exported;
  } catch (error) {
    if (error instanceof HowdahError) emit({ type: "task-failed", id, code: error.code, message: error.message });
    throw error;
  }
}

/** Streams and timers that are stopped throw errors of their own: whatever they say, the user stopped the work. */
async function namingStops<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof HowdahError || !signal?.aborted) throw error;
    throw signal.reason instanceof HowdahError
      ? signal.reason
      : new HowdahError("cancelled", "Stopped while images were made", { cause: error });
  }
}

function contextOf(options: ImageBuilderOptions, claims: ImageClaims): BuilderContext {
  let sources: ReturnType<BuilderContext["sources"]> | undefined;
  let dispatcher: Promise<Dispatcher> | undefined;
  const inspectAll: BuilderContext["inspectAll"] = (references, signal) => inspectImages(references, signal, options.run);
  return {
    cacheDir: options.cacheDir,
    names: imageNames(options.instance ?? DEFAULT_INSTANCE),
    claim: (references) => claims.claim(references),
    registry: options.registry,
    entrypointDir: options.entrypointDir,
    architecture: debianArchitecture(),
    inspectAll,
    inspect: batchedInspect(inspectAll),
    dispatcher: () => {
      dispatcher ??= dispatcherLikeApt();
      return dispatcher;
    },
    sources: () => {
      sources ??= hostSources(options.mirror);
      return sources;
    },
    newWorkDir: async () => {
      await sweepWork(join(options.cacheDir, "work"));
      const directory = join(options.cacheDir, "work", `${process.pid}-${randomBytes(6).toString("hex")}`);
      await namingDiskFull(options.cacheDir, () => mkdir(directory, { recursive: true }));
      return directory;
    },
  };
}

/** Removes what processes that were killed have left. */
async function sweepWork(directory: string): Promise<void> {
  for (const name of await readdir(directory).catch(() => [])) {
    const pid = Number.parseInt(name, 10);
    if (!isAlive(pid)) await rm(join(directory, name), { recursive: true, force: true });
  }
}
