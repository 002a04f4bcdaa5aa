import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Suite } from "../../catalog/debian-suites.ts";
import { type BaseRequest, normalRequest, recipeFor } from "../../catalog/image-recipes.ts";
import type { Emit } from "../../kernel/event.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { LABEL_PREFIX } from "../../kernel/label.ts";
import type { BuiltImage, ImageBuilder, ImageSummary, LockRequest } from "../image-builder.ts";
import { emptyLock, type Lock, type LockedImage, lockedImageFor } from "../image-lock.ts";
import { run } from "../process.ts";
import { prepareApt, updateIndexes } from "./apt-workspace.ts";
import { ensureBaseImage } from "./base-image.ts";
import type { BuilderContext } from "./builder-context.ts";
import { namingDiskFull } from "./disk-errors.ts";
import { hostSources } from "./host-sources.ts";
import { isAlive } from "./is-alive.ts";
import { dispatcherLikeApt } from "./proxy.ts";
import { resolveImage } from "./resolve-image.ts";
import { ensureSiteImages } from "./site-image.ts";
import { inspectImage, removeImage } from "./storage.ts";

/** Settings of the image builder; the wiring reads them. */
export interface ImageBuilderOptions {
  /** Packages, indexes and build caches, by content: `~/.cache/howdah`. Safe to delete while nothing is built. */
  readonly cacheDir: string;
  /** The directory with the entrypoint programs: `src/entrypoint` of a checkout. */
  readonly entrypointDir: string;
  /** Address of a Debian mirror instead of the host's own sources (HOWDAH_DEBIAN_MIRROR). */
  readonly mirror?: string | undefined;
  /** Environment that build hooks get beside their own: proxies and registries of the host. */
  readonly hookEnvironment?: Readonly<Record<string, string>>;
}

/** Makes the image builder of this machine. Touches nothing before it is asked for something. */
export async function createImageBuilder(options: ImageBuilderOptions): Promise<ImageBuilder> {
  const context = await contextOf(options);
  const updated = new Map<Suite, Promise<void>>();
  return {
    lock: (request, emit, signal) => namingStops(signal, () => lockImages(request, context, { emit, signal, updated })),
    ensureBase: (request, lock, emit, signal) => namingStops(signal, () => ensureBaseImage(request, lock, context, { emit, signal })),
    ensureForeign: (reference, emit, signal) => namingStops(signal, () => ensureForeign(reference, emit, signal)),
    ensureSite: (request, lock, emit, signal) =>
      namingStops(signal, () => ensureSiteImages(request, lock, context, { emit, signal, hookEnvironment: options.hookEnvironment ?? {} })),
    list: listImages,
    remove: async (references, signal) => {
      const removed: string[] = [];
      for (const reference of references) if (await removeImage(reference, signal)) removed.push(reference);
      return removed;
    },
  };
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

async function contextOf(options: ImageBuilderOptions): Promise<BuilderContext> {
  let sources: ReturnType<BuilderContext["sources"]> | undefined;
  const architecture = (await run(["dpkg", "--print-architecture"])).stdout.trim();
  return {
    cacheDir: options.cacheDir,
    entrypointDir: options.entrypointDir,
    architecture,
    dispatcher: await dispatcherLikeApt(),
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

interface LockWork {
  readonly emit: Emit;
  readonly signal: AbortSignal | undefined;
  /** Suites whose indexes this process has fetched. */
  readonly updated: Map<Suite, Promise<void>>;
}

async function lockImages(request: LockRequest, context: BuilderContext, work: LockWork): Promise<Lock> {
  const current = request.current ?? emptyLock;
  const wanted = new Map(request.images.map((image) => [JSON.stringify(normalRequest(image)), normalRequest(image)]));
  const locked: LockedImage[] = [];
  const missing: BaseRequest[] = [];
  for (const image of wanted.values()) {
    const there = request.renew ? undefined : lockedImageFor(current, image, context.architecture);
    if (there === undefined) missing.push(image);
    else locked.push(there);
  }
  if (missing.length > 0) locked.push(...(await resolveAll(missing, context, work)));
  return { lockVersion: 1, images: locked };
}

async function resolveAll(missing: readonly BaseRequest[], context: BuilderContext, work: LockWork): Promise<readonly LockedImage[]> {
  const { emit, signal } = work;
  const id = "image/lock";
  emit({ type: "task-started", id, title: "Choosing packages" });
  try {
    const sources = await context.sources();
    const directory = join(context.cacheDir, "apt");
    const suites = [...new Set(missing.map((image) => recipeFor(image).suite))];
    return await namingDiskFull(directory, async () => {
      await Promise.all(
        suites.map((suite) => {
          emit({ type: "task-progress", id, detail: `reading the package index of Debian ${suite}` });
          return once(work.updated, suite, async () => updateIndexes(await prepareApt(directory, suite, sources, "index"), suite, signal));
        }),
      );
      const locked: LockedImage[] = [];
      for (const image of missing) {
        locked.push(await resolveImage(image, { directory, sources, architecture: context.architecture, signal }));
        emit({ type: "task-progress", id, detail: `chose ${locked.at(-1)?.packages.length ?? 0} packages for ${image.kind}` });
      }
      emit({ type: "task-done", id, outcome: "changed", detail: `${locked.length} image${locked.length === 1 ? "" : "s"}` });
      return locked;
    });
  } catch (error) {
    if (error instanceof HowdahError) emit({ type: "task-failed", id, code: error.code, message: error.message });
    throw error;
  }
}

/** A failed or stopped attempt is forgotten, so that the next one tries again. */
function once<K>(done: Map<K, Promise<void>>, key: K, work: () => Promise<void>): Promise<void> {
  const running =
    done.get(key) ??
    work().catch((error: unknown) => {
      done.delete(key);
      throw error;
    });
  done.set(key, running);
  return running;
}

async function ensureForeign(reference: string, emit: Emit, signal?: AbortSignal): Promise<BuiltImage> {
  const id = `image/${reference}`;
  emit({ type: "task-started", id, title: `Image ${reference}` });
  const there = await inspectImage(reference, signal);
  if (there === undefined) {
    const ran = await run(["podman", "pull", "--quiet", "--", reference], {
      signal,
      accept: "any",
      onLine: (line) => emit({ type: "output", id, line }),
    });
    if (ran.code !== 0) {
      const error = new HowdahError("image/build-failed", `The image ${reference} can't be pulled`, {
        output: ran.lastLines,
        hint: "Is the name right, and does this machine reach that registry? `podman login` gives it credentials.",
      });
      emit({ type: "task-failed", id, code: error.code, message: error.message });
      throw error;
    }
  }
  const image = there ?? (await inspectImage(reference, signal));
  if (image === undefined) throw new HowdahError("image/build-failed", `The image ${reference} is not there after it was pulled`);
  emit({ type: "task-done", id, outcome: there === undefined ? "changed" : "unchanged" });
  return { reference, digest: image.digest, sizeBytes: image.sizeBytes, built: there === undefined };
}

async function listImages(signal?: AbortSignal): Promise<readonly ImageSummary[]> {
  const ran = await run(["podman", "images", "--filter", `label=${LABEL_PREFIX}/kind`, "--format", "json"], { signal });
  const found = JSON.parse(ran.stdout === "" ? "[]" : ran.stdout) as readonly {
    readonly Names?: readonly string[] | null;
    readonly Digest?: string;
    readonly Size?: number;
    readonly Labels?: Readonly<Record<string, string>> | null;
  }[];
  return found
    .flatMap((image) =>
      (image.Names ?? []).map((reference): ImageSummary => {
        const site = image.Labels?.[`${LABEL_PREFIX}/site`];
        return {
          reference,
          digest: image.Digest ?? "",
          sizeBytes: image.Size ?? 0,
          kind: image.Labels?.[`${LABEL_PREFIX}/kind`] ?? "",
          ...(site === undefined ? {} : { site }),
        };
      }),
    )
    .sort((a, b) => (a.reference < b.reference ? -1 : 1));
}
