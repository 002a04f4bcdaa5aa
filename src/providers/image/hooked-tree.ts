import { join } from "node:path";
import { builderOf } from "../../catalog/builder-requests.ts";
import type { SiteImageRequest } from "../image-builder.ts";
import type { Lock } from "../image-lock.ts";
import { ensureBaseImage } from "./base-image.ts";
import { runBuildHooks } from "./build-hooks.ts";
import type { BuilderContext } from "./builder-context.ts";
import { copyTree } from "./copy-tree.ts";
import type { Ignore } from "./ignore-patterns.ts";
import { readSiteTree, type SiteTree } from "./site-tree.ts";
import type { SiteWork } from "./site-work.ts";

/** References of the builder images that hooks need. */
export interface Builders {
  readonly php: string | undefined;
  readonly node: string | undefined;
}

/** Makes the builders that the hooks need; none without hooks. */
export async function ensureBuilders(
  request: Pick<SiteImageRequest, "hooks" | "builder" | "node">,
  lock: Lock,
  context: BuilderContext,
  work: SiteWork,
): Promise<Builders> {
  const kinds = new Set(request.hooks.map(builderOf));
  return {
    php: kinds.has("php") ? (await ensureBaseImage(request.builder, lock, context, work)).reference : undefined,
    node: kinds.has("node")
      ? (await ensureBaseImage({ kind: "node-builder", version: request.node }, lock, context, work)).reference
      : undefined,
  };
}

/** The code after the build hooks: they run over a copy, the source is never touched. */
export async function hookedTree(
  request: SiteImageRequest,
  tree: SiteTree,
  build: {
    readonly context: BuilderContext;
    readonly work: SiteWork;
    readonly workDir: string;
    readonly builders: Builders;
    readonly environment: Readonly<Record<string, string>>;
    readonly ignore: Ignore;
  },
): Promise<SiteTree> {
  const directory = join(build.workDir, "tree");
  await copyTree(tree, directory);
  const { emit, signal } = build.work;
  await runBuildHooks(request.hooks, {
    directory,
    cache: join(build.context.cacheDir, "build", request.hookCache ?? request.site),
    images: build.builders,
    environment: build.environment,
    emit,
    signal,
  });
  return readSiteTree(directory, { ignore: build.ignore, followInto: [], systemRoot: "/", configuration: request.configuration, signal });
}
