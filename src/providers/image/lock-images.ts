import { join } from "node:path";
import type { Suite } from "../../catalog/debian-suites.ts";
import { type BaseRequest, normalRequest, recipeFor } from "../../catalog/image-recipes.ts";
import type { Emit } from "../../kernel/event.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { LockRequest } from "../image-builder.ts";
import { emptyLock, type Lock, type LockedImage, lockedImageFor } from "../image-lock.ts";
import { prepareApt, updateIndexes } from "./apt-workspace.ts";
import type { BuilderContext } from "./builder-context.ts";
import { namingDiskFull } from "./disk-errors.ts";
import { lockForeign } from "./foreign-image.ts";
import { resolveImage } from "./resolve-image.ts";

/** What pinning has beside the request. */
export interface LockWork {
  readonly emit: Emit;
  readonly signal: AbortSignal | undefined;
  /** Suites whose indexes this process has fetched. */
  readonly updated: Map<Suite, Promise<void>>;
}

/** Pins what `current` lacks, or everything when renewing; needs the package source only then. */
export async function lockImages(request: LockRequest, context: BuilderContext, work: LockWork): Promise<Lock> {
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
  const foreign = await lockForeign(request.foreign ?? [], request.renew ? [] : (current.foreign ?? []), context, work);
  return { lockVersion: 1, images: locked, ...(foreign.length === 0 ? {} : { foreign }) };
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
