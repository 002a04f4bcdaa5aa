import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { SiteImageRequest, SiteImages } from "../image-builder.ts";
import type { Lock } from "../image-lock.ts";
import type { BuilderContext } from "./builder-context.ts";
import { contentHash } from "./content-hash.ts";
import { namingDiskFull } from "./disk-errors.ts";
import { type Ignore, ignoreLines, neverInImages, parseIgnore } from "./ignore-patterns.ts";
import { ensureBuilders, hooked, writeLayers } from "./site-code.ts";
import { readSiteTree } from "./site-tree.ts";
import type { SiteWork } from "./site-work.ts";
import { watchedDigest } from "./watched-digest.ts";
import { inspectImage, type LayerSource, type StoredImage } from "./storage.ts";
import { existing, storeSite } from "./store-site-image.ts";

/** Raised when the same code gives other layers. */
const LAYOUT = 1;

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
  const facts = { skippedLinks: tree.skippedLinks, watchedDigest: watchedDigest(tree.entries, request.watch ?? []) };
  if (there !== undefined) return { ...there, ...facts };
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
      return { web, php: php ?? null, codeDigest: layers.codeDigest, files: common.files, ...facts };
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
