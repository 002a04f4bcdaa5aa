import { chown, mkdir, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { RUN_AS } from "../../kernel/label.ts";
import type { WorkingCopy, WorkingCopyRequest } from "../image-builder.ts";
import type { Lock } from "../image-lock.ts";
import { runBuildHooks } from "./build-hooks.ts";
import type { BuilderContext } from "./builder-context.ts";
import { copyTree } from "./copy-tree.ts";
import { namingDiskFull } from "./disk-errors.ts";
import { ensureBuilders } from "./hooked-tree.ts";
import { parseIgnore } from "./ignore-patterns.ts";
import { ownPatterns } from "./own-patterns.ts";
import { readSiteTree } from "./site-tree.ts";
import type { SiteWork } from "./site-work.ts";
import { openStatCache } from "./stat-cache.ts";

/** Copies a site's code, runs its build hooks over the copy and hands it out. What a killed process leaves is swept with the other work. */
export async function makeWorkingCopy(
  request: WorkingCopyRequest,
  lock: Lock,
  context: BuilderContext,
  work: SiteWork,
): Promise<WorkingCopy> {
  const builders = await ensureBuilders(request, lock, context, work);
  const { source, followInto, systemRoot = "/", configuration } = request;
  const tree = await readSiteTree(source, {
    ...{ followInto, systemRoot, configuration, signal: work.signal },
    ignore: parseIgnore([...(await ownPatterns(source)), ...request.ignore]),
    statCache: await openStatCache(join(context.cacheDir, "stat"), source),
  });
  const workDir = await context.newWorkDir();
  const remove = (): Promise<void> => rm(workDir, { recursive: true, force: true });
  const directory = join(workDir, "tree");
  try {
    await namingDiskFull(workDir, async () => {
      await copyTree(tree, directory);
      for (const path of request.directories) await makeDirectory(directory, path);
    });
    await runBuildHooks(request.hooks, {
      directory,
      cache: join(context.cacheDir, "build", request.site),
      images: builders,
      environment: { ...work.hookEnvironment, ...request.environment },
      emit: work.emit,
      signal: work.signal,
    });
    return { directory, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** A directory and those above it, owned by the user that programs run as. */
async function makeDirectory(root: string, path: string): Promise<void> {
  if (path === "." || path === "") return;
  await makeDirectory(root, dirname(path));
  const made = await mkdir(join(root, path)).then(
    () => true,
    () => false, // the code has it
  );
  if (made) await chown(join(root, path), RUN_AS, RUN_AS);
}
