import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { BuiltImage, SiteImageRequest, SiteImages } from "../image-builder.ts";
import type { Lock } from "../image-lock.ts";
import { type BuildMemory, type FormerBuild, openBuildMemory } from "./build-memory.ts";
import type { BuilderContext } from "./builder-context.ts";
import { type ComposedImage, type ComposedSite, composeSite, type SiteBases } from "./compose-images.ts";
import { contentHash } from "./content-hash.ts";
import { namingDiskFull } from "./disk-errors.ts";
import { keepConfig } from "./export-image.ts";
import { ensureBuilders, hookedTree } from "./hooked-tree.ts";
import { type Ignore, ignoreLines, parseIgnore } from "./ignore-patterns.ts";
import { keepTar } from "./layer-cache.ts";
import { ownPatterns } from "./own-patterns.ts";
import { LAYER_FORM } from "./site-layers.ts";
import { readSiteTree, type SiteTree } from "./site-tree.ts";
import type { SiteWork } from "./site-work.ts";
import { openStatCache } from "./stat-cache.ts";
import { type StoredImage, storeImages } from "./storage.ts";
import { storeSite } from "./store-site.ts";
import { watchedFiles } from "./watched-files.ts";

/** The images of a site: its bases plus layers of code. An unchanged tree reads no file and writes nothing; a changed line writes one layer. */
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

type Work = SiteWork & { readonly id: string };
type Images = ReadonlyMap<string, StoredImage>;

async function build(request: SiteImageRequest, lock: Lock, context: BuilderContext, work: Work): Promise<SiteImages> {
  const memory = await openBuildMemory(context.cacheDir, request.site);
  const ignore = await ignoreOf(request);
  // before anything is looked at: making a builder takes minutes, after which an answer would be old
  const builders = await ensureBuilders(request, lock, context, work);
  const wanted = wantedImages(request, memory);
  await context.claim(wanted);
  const [images, tree] = await Promise.all([context.inspectAll(wanted, work.signal), readCode(request, ignore, { context, work })]);
  const bases = { web: baseOf(request.web, images), php: request.php === null ? undefined : baseOf(request.php, images) };
  const environment = { ...work.hookEnvironment, ...request.environment };
  // other instances' builds are in the same memory, under names of theirs
  const own = context.names.reference(request.site, "");
  const identity = contentHash([own, identityOf(request, tree, bases, [builders.php ?? "", builders.node ?? "", environment])]);
  const there = formerImages(memory.former(identity), images);
  const facts = { skippedLinks: tree.skippedLinks, watched: watchedFiles(tree.entries, request.watch ?? []) };
  if (there !== undefined) return { ...there, ...facts };
  const workDir = await context.newWorkDir();
  try {
    return await namingDiskFull(workDir, async () => {
      const code =
        request.hooks.length === 0 ? tree : await hookedTree(request, tree, { context, work, workDir, builders, environment, ignore });
      const files = code.entries.filter((entry) => entry.type === "file").length;
      const stored = new Set([...images.values()].flatMap((image) => image.layers));
      const compose = async (known: ReadonlySet<string>): Promise<ComposedSite> => {
        const made = await composeSite(request, { code, before: tree }, bases, { builder: context, work, workDir, memory, stored: known });
        await context.claim([made.web.reference, ...(made.php === null ? [] : [made.php.reference])]);
        return made;
      };
      const { site, built } = await storeSite(
        compose,
        { images, layers: stored },
        {
          store: (lacking) => storeImages(lacking, workDir, work.signal),
          look: (references) => context.inspectAll(references, work.signal),
        },
      );
      await remember(site, context.cacheDir);
      const former: FormerBuild = { web: site.web.reference, php: site.php?.reference ?? null, codeDigest: site.codeDigest, files };
      await memory.save(identity, former, site.layers);
      const web = builtImage(site.web, built);
      const php = site.php === null ? null : builtImage(site.php, built);
      return { web, php, codeDigest: site.codeDigest, files, ...facts };
    });
  } finally {
    await rm(workDir, { recursive: true, force: true });
  }
}

/** The bases, and the images of the last build: what they hold needs not be written again. */
function wantedImages(request: SiteImageRequest, memory: BuildMemory): readonly string[] {
  const last = memory.last();
  return [request.web, request.php, last?.web, last?.php].filter((name): name is string => typeof name === "string");
}

async function readCode(
  request: SiteImageRequest,
  ignore: Ignore,
  { context, work }: { readonly context: BuilderContext; readonly work: Work },
): Promise<SiteTree> {
  const statCache = await openStatCache(join(context.cacheDir, "stat"), request.source);
  const { followInto, configuration } = request;
  const tree = await readSiteTree(request.source, {
    ignore,
    followInto,
    systemRoot: request.systemRoot ?? "/",
    configuration,
    statCache,
    signal: work.signal,
  });
  await namingDiskFull(context.cacheDir, () => statCache.save());
  return tree;
}

/** Everything that decides what the images will be, before a hook has run. */
function identityOf(request: SiteImageRequest, tree: SiteTree, bases: SiteBases, builders: readonly unknown[]): string {
  const { hooks, seeds, writable, served, labels } = request;
  const hooked = hooks.length === 0 ? [] : [hooks, builders];
  return contentHash([
    LAYER_FORM,
    tree.hash,
    bases.web.id,
    bases.php?.id ?? "",
    hooked,
    seeds ?? [],
    writable ?? false,
    served,
    labels ?? {},
  ]);
}

/** The images of a former build of the same, when the machine has them still. */
function formerImages(former: FormerBuild | undefined, images: Images): Omit<SiteImages, "skippedLinks" | "watched"> | undefined {
  if (former === undefined) return undefined;
  const web = images.get(former.web);
  const php = former.php === null ? undefined : images.get(former.php);
  if (web === undefined || (former.php !== null && php === undefined)) return undefined;
  const found = (reference: string, { digest, sizeBytes }: StoredImage): BuiltImage => ({ reference, digest, sizeBytes, built: false });
  return {
    web: found(former.web, web),
    php: former.php === null || php === undefined ? null : found(former.php, php),
    codeDigest: former.codeDigest,
    files: former.files,
  };
}

/** Keeps what an export to a registry will need. */
async function remember(site: ComposedSite, cacheDir: string): Promise<void> {
  const images = site.php === null ? [site.web] : [site.web, site.php];
  for (const { documents } of images) await keepConfig(cacheDir, documents.id, documents.config);
  const written = new Map(
    images.flatMap(({ layers }) => layers.flatMap(({ diffId, file }) => (file === undefined ? [] : [[diffId, file]]))),
  );
  for (const [diffId, file] of written) await keepTar(cacheDir, diffId, file); // once, though both images may have it
}

function builtImage(image: ComposedImage, built: ReadonlySet<string>): BuiltImage {
  const { reference, documents, sizeBytes } = image;
  return { reference, digest: `sha256:${documents.digest}`, sizeBytes, built: built.has(reference) };
}

/** What of a tree stays out of images: our own list, the tree's, the request's. */
export async function ignoreOf(request: SiteImageRequest): Promise<Ignore> {
  const read = async (name: string): Promise<string | undefined> => readFile(join(request.source, name), "utf8").catch(() => undefined);
  const own = (await read(".howdahignore")) ?? (await read(".dockerignore")) ?? "";
  return parseIgnore([...(await ownPatterns(request.source)), ...ignoreLines(own), ...request.ignore]);
}

function baseOf(reference: string, images: Images): StoredImage {
  const base = images.get(reference);
  if (base === undefined) throw new HowdahError("image/build-failed", `The base image ${reference} is not on this machine`);
  return base;
}
