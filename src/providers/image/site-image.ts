import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { builderOf } from "../../catalog/builder-requests.ts";
import type { Emit } from "../../kernel/event.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { CODE_ROOT, LABEL_PREFIX } from "../../kernel/label.ts";
import type { BuiltImage, SiteImageRequest, SiteImages } from "../image-builder.ts";
import type { Lock } from "../image-lock.ts";
import { ensureBaseImage } from "./base-image.ts";
import { runBuildHooks } from "./build-hooks.ts";
import type { BuilderContext } from "./builder-context.ts";
import { contentHash } from "./content-hash.ts";
import { copyTree } from "./copy-tree.ts";
import { namingDiskFull } from "./disk-errors.ts";
import { type Ignore, ignoreLines, neverInImages, parseIgnore } from "./ignore-patterns.ts";
import { compressibleFiles, precompress } from "./precompress.ts";
import { codeSources, seedSources } from "./site-layers.ts";
import { readSiteTree, type SiteTree } from "./site-tree.ts";
import { inspectImage, type LayerSource, nameImage, type StoredImage, storeImage } from "./storage.ts";
import type { TarSource } from "./tar-source.ts";
import { writeTar } from "./write-tar.ts";

/** Raised when the same code gives other layers. */
const LAYOUT = 1;

/** What the work on a site's images has beside the request. */
export interface SiteWork {
  readonly emit: Emit;
  readonly signal?: AbortSignal | undefined;
  readonly hookEnvironment: Readonly<Record<string, string>>;
}

type Role = "web" | "php";

/** The images of a site: its bases plus one layer of code (and what only one of them needs). An unchanged tree builds nothing. */
export async function ensureSiteImages(
  request: SiteImageRequest,
  lock: Lock,
  context: BuilderContext,
  work: SiteWork,
): Promise<SiteImages> {
  const id = "image/site";
  work.emit({ type: "task-started", id, title: `Code of ${request.site}` });
  try {
    const images = await build(request, lock, context, { ...work, id });
    const changed = images.web.built || (images.php?.built ?? false);
    work.emit({ type: "task-done", id, outcome: changed ? "changed" : "unchanged", detail: `${images.files} files` });
    return images;
  } catch (error) {
    if (error instanceof HowdahError) work.emit({ type: "task-failed", id, code: error.code, message: error.message });
    throw error;
  }
}

async function build(
  request: SiteImageRequest,
  lock: Lock,
  context: BuilderContext,
  work: SiteWork & { readonly id: string },
): Promise<SiteImages> {
  const ignore = await ignoreOf(request);
  const options = {
    ignore,
    followInto: request.followInto,
    systemRoot: request.systemRoot ?? "/",
    configuration: request.configuration,
    signal: work.signal,
  };
  const tree = await readSiteTree(request.source, options);
  const bases = { web: await baseOf(request.web, work), php: request.php === null ? undefined : await baseOf(request.php, work) };
  const builders = await ensureBuilders(request, lock, context, work);
  const environment = { ...work.hookEnvironment, ...request.environment };
  const hooks = request.hooks.length === 0 ? [] : [request.hooks, builders.php ?? "", builders.node ?? "", environment];
  const identity = contentHash([LAYOUT, tree.hash, hooks, request.seeds ?? [], request.writable ?? false, request.staticRoot ?? ""]);
  const there = await existing(request, bases, identity, work.signal);
  if (there !== undefined) return { ...there, skippedLinks: tree.skippedLinks };
  const workDir = await context.newWorkDir();
  try {
    return await namingDiskFull(workDir, async () => {
      const code =
        request.hooks.length === 0 ? tree : await hooked(request, tree, { context, work, workDir, builders, environment, ignore });
      const layers = await writeLayers(request, code, workDir, { context, work });
      const common = {
        request,
        identity,
        files: code.entries.filter((entry) => entry.type === "file").length,
        codeDigest: layers.codeDigest,
      };
      const web = await storeSite("web", bases.web, [...layers.code, ...layers.web], { ...common, workDir, signal: work.signal });
      const shared = layers.code.map((layer): LayerSource => ("tar" in layer ? { diffId: `sha256:${layer.written.sha256}` } : layer));
      const php = bases.php && (await storeSite("php", bases.php, [...shared, ...layers.php], { ...common, workDir, signal: work.signal }));
      return { web, php: php ?? null, codeDigest: layers.codeDigest, files: common.files, skippedLinks: tree.skippedLinks };
    });
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

async function ignoreOf(request: SiteImageRequest): Promise<Ignore> {
  const read = async (name: string): Promise<string | undefined> => readFile(join(request.source, name), "utf8").catch(() => undefined);
  const own = (await read(".howdahignore")) ?? (await read(".dockerignore")) ?? "";
  // Symfony's Flex commits `.env`: defaults without secrets, which the application must have
  const symfony = (await read("symfony.lock")) === undefined ? [] : ["!/.env"];
  return parseIgnore([...neverInImages, ...symfony, ...ignoreLines(own), ...request.ignore]);
}

async function baseOf(reference: string, work: SiteWork): Promise<StoredImage> {
  const base = await inspectImage(reference, work.signal);
  if (base === undefined) throw new HowdahError("image/build-failed", `The base image ${reference} is not on this machine`);
  return base;
}

interface Builders {
  readonly php: string | undefined;
  readonly node: string | undefined;
}

async function ensureBuilders(request: SiteImageRequest, lock: Lock, context: BuilderContext, work: SiteWork): Promise<Builders> {
  const kinds = new Set(request.hooks.map(builderOf));
  return {
    php: kinds.has("php") ? (await ensureBaseImage(request.builder, lock, context, work)).reference : undefined,
    node: kinds.has("node") ? (await ensureBaseImage({ kind: "node-builder" }, lock, context, work)).reference : undefined,
  };
}

async function hooked(
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

interface Layers {
  readonly code: readonly LayerSource[];
  readonly web: readonly LayerSource[];
  readonly php: readonly LayerSource[];
  readonly codeDigest: string;
}

async function writeLayers(
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

interface SiteImageFacts {
  readonly request: SiteImageRequest;
  readonly identity: string;
  readonly files: number;
  readonly codeDigest: string;
  readonly workDir: string;
  readonly signal: AbortSignal | undefined;
}

async function storeSite(role: Role, base: StoredImage, layers: readonly LayerSource[], facts: SiteImageFacts): Promise<BuiltImage> {
  const { request, signal } = facts;
  const reference = referenceOf(request, role, base, facts.identity);
  const labels = {
    ...base.config.labels,
    ...request.labels,
    [`${LABEL_PREFIX}/kind`]: "site",
    [`${LABEL_PREFIX}/site`]: request.site,
    [`${LABEL_PREFIX}/role`]: role,
    [`${LABEL_PREFIX}/code`]: facts.codeDigest,
    [`${LABEL_PREFIX}/files`]: String(facts.files),
  };
  const image = {
    architecture: base.architecture,
    config: { ...base.config, labels },
    layers: [...base.layers.map((diffId): LayerSource => ({ diffId })), ...layers],
  };
  const imageId = await storeImage(image, facts.workDir, signal);
  await nameImage(imageId, reference, signal);
  const stored = await inspectImage(reference, signal);
  if (stored === undefined) throw new HowdahError("image/build-failed", `The image ${reference} is not there after it was built`);
  return { reference, digest: stored.digest, sizeBytes: stored.sizeBytes, built: true };
}

function referenceOf(request: SiteImageRequest, role: Role, base: StoredImage, identity: string): string {
  const tag = contentHash([base.id, identity, role, request.labels ?? {}]).slice(0, 16);
  return `localhost/howdah/site-${request.site}-${role}:${tag}`;
}

async function existing(
  request: SiteImageRequest,
  bases: { readonly web: StoredImage; readonly php: StoredImage | undefined },
  identity: string,
  signal: AbortSignal | undefined,
): Promise<Omit<SiteImages, "skippedLinks"> | undefined> {
  const find = async (role: Role, base: StoredImage): Promise<(BuiltImage & { readonly stored: StoredImage }) | undefined> => {
    const reference = referenceOf(request, role, base, identity);
    const stored = await inspectImage(reference, signal);
    return stored && { reference, digest: stored.digest, sizeBytes: stored.sizeBytes, built: false, stored };
  };
  const web = await find("web", bases.web);
  if (web === undefined) return undefined;
  const php = bases.php === undefined ? undefined : await find("php", bases.php);
  if (bases.php !== undefined && php === undefined) return undefined;
  const { labels } = web.stored;
  return {
    web: plain(web),
    php: php === undefined ? null : plain(php),
    codeDigest: labels[`${LABEL_PREFIX}/code`] ?? "",
    files: Number(labels[`${LABEL_PREFIX}/files`] ?? 0),
  };
}

function plain({ reference, digest, sizeBytes, built }: BuiltImage): BuiltImage {
  return { reference, digest, sizeBytes, built };
}
