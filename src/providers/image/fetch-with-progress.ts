import { stat } from "node:fs/promises";
import type { Emit } from "../../kernel/event.ts";
import type { LockedPackage } from "../image-lock.ts";
import type { BuilderContext } from "./builder-context.ts";
import { cachedPath, ensurePackages } from "./package-cache.ts";

/** Progress is said at most this often, in milliseconds. */
const INTERVAL = 250;

/** Fetches what the cache lacks and says how far it is: packages and megabytes. */
export async function fetchWithProgress(
  packages: readonly LockedPackage[],
  context: BuilderContext,
  { id, emit, signal }: { readonly id: string; readonly emit: Emit; readonly signal?: AbortSignal | undefined },
): Promise<void> {
  const there = await Promise.all(
    packages.map((entry) =>
      stat(cachedPath(context.cacheDir, entry.sha256)).then(
        () => true,
        () => false,
      ),
    ),
  );
  const missing = packages.filter((_, index) => !there[index]);
  const total = missing.reduce((sum, entry) => sum + entry.size, 0);
  let bytes = 0;
  let done = 0;
  let said = 0;
  const say = (): void => {
    emit({ type: "task-progress", id, detail: `fetched ${done} of ${missing.length} packages, ${mega(bytes)} of ${mega(total)} MB` });
  };
  const progress = {
    bytes: (count: number): void => {
      bytes += count;
      const now = Date.now();
      if (now - said < INTERVAL) return;
      said = now;
      say();
    },
    done: (entry: LockedPackage): void => {
      if (missing.includes(entry)) done += 1;
    },
  };
  if (missing.length > 0) say();
  await ensurePackages(packages, context.cacheDir, { sources: context.sources, dispatcher: await context.dispatcher(), signal }, progress);
  if (missing.length > 0) say();
}

function mega(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
