import { join } from "node:path";
import { builderOf } from "../../catalog/builder-requests.ts";
import { CODE_ROOT } from "../../kernel/label.ts";
import type { SiteImageRequest } from "../image-builder.ts";
import type { Lock } from "../image-lock.ts";
import { ensureBaseImage } from "./base-image.ts";
import { runBuildHooks } from "./build-hooks.ts";
import type { BuilderContext } from "./builder-context.ts";
import { copyTree } from "./copy-tree.ts";
import type { Ignore } from "./ignore-patterns.ts";
import { compressibleFiles, precompress } from "./precompress.ts";
import { codeSources, seedSources } from "./site-layers.ts";
import { readSiteTree, type SiteTree } from "./site-tree.ts";
import type { SiteWork } from "./site-work.ts";
import type { LayerSource } from "./storage.ts";
import type { TarSource } from "./tar-source.ts";
import { writeTar } from "./write-tar.ts";

/** References of the builder images that hooks need. */
export interface Builders {
  readonly php: string | undefined;
  readonly node: string | undefined;
}

/** Makes the builders that the hooks need; none without hooks. */
export async function ensureBuilders(request: SiteImageRequest, lock: Lock, context: BuilderContext, work: SiteWork): Promise<Builders> {
  const kinds = new Set(request.hooks.map(builderOf));
  return {
    php: kinds.has("php") ? (await ensureBaseImage(request.builder, lock, context, work)).reference : undefined,
    node: kinds.has("node") ? (await ensureBaseImage({ kind: "node-builder" }, lock, context, work)).reference : undefined,
  };
}

/** The code after the build hooks: they run over a copy, the source is never touched. */
export async function hooked(
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
    cache: join(build.context.cacheDir, "build", request.site),
    images: build.builders,
    environment: build.environment,
    emit,
    signal,
  });
  return readSiteTree(directory, { ignore: build.ignore, followInto: [], systemRoot: "/", configuration: request.configuration, signal });
}

/** The layers above the bases: shared code, what only the web server needs, what only PHP needs. */
export interface Layers {
  readonly code: readonly LayerSource[];
  readonly web: readonly LayerSource[];
  readonly php: readonly LayerSource[];
  readonly codeDigest: string;
}

/** Writes the layers of a site as tar files in `workDir`. */
export async function writeLayers(
  request: SiteImageRequest,
  tree: SiteTree,
  workDir: string,
  { context, work }: { readonly context: BuilderContext; readonly work: SiteWork & { readonly id: string } },
): Promise<Layers> {
  const layer = async (name: string, sources: readonly TarSource[]): Promise<readonly LayerSource[]> => {
    if (sources.length === 0) return [];
    const tar = join(workDir, `${name}.tar`);
    return [{ tar, written: await writeTar(sources, tar, work.signal) }];
  };
  const root = request.writable ? "usr/share/howdah/code" : CODE_ROOT.slice(1);
  work.emit({ type: "task-progress", id: work.id, detail: `packing ${tree.entries.length} files` });
  const code = await layer("code", codeSources(tree.entries, root));
  const files = request.writable ? [] : compressibleFiles(tree.entries, request.staticRoot ?? ".");
  const copies = await precompress(files, context.cacheDir, {
    signal: work.signal,
    onProgress: (done) => {
      if (done % 50 === 0) work.emit({ type: "task-progress", id: work.id, detail: `compressed ${done} of ${files.length} files` });
    },
  });
  const web = await layer(
    "static",
    copies.map((copy) => ({ ...copy, path: `${root}/${copy.path}` })),
  );
  const seeds = seedSources(tree.entries, request.seeds ?? []);
  const php = request.php === null ? [] : await layer("seeds", seeds);
  const [first] = code;
  return { code, web, php, codeDigest: first !== undefined && "tar" in first ? `sha256:${first.written.sha256}` : "" };
}
