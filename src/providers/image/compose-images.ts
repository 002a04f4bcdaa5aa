import { rename } from "node:fs/promises";
import { join } from "node:path";
import { CODE_ROOT, LABEL_PREFIX } from "../../kernel/label.ts";
import type { SiteImageRequest } from "../image-builder.ts";
import type { BuildMemory, KnownLayer } from "./build-memory.ts";
import type { BuilderContext } from "./builder-context.ts";
import { contentHash } from "./content-hash.ts";
import type { ImageNames } from "./image-names.ts";
import { type ImageDocuments, imageDocuments } from "./image-manifest.ts";
import { compressibleFiles, precompress } from "./precompress.ts";
import { byPath, LAYER_FORM, type PlannedLayer, planLayers, planSeeds } from "./site-layers.ts";
import { hashOfEntries, type SiteEntry, type SiteTree } from "./site-tree.ts";
import type { SiteWork } from "./site-work.ts";
import type { LayerSource, StoredImage } from "./storage.ts";
import { webEntries } from "./web-tree.ts";
import { writeTar } from "./write-tar.ts";

/** The bases of a site's images, as the storage has them. */
export interface SiteBases {
  readonly web: StoredImage;
  readonly php: StoredImage | undefined;
}

/** One image of a site, ready to be stored. */
export interface ComposedImage {
  /** Its name ends in its content's hash. */
  readonly reference: string;
  readonly documents: ImageDocuments;
  /** The base's layers and the site's own. */
  readonly layers: readonly LayerSource[];
  readonly sizeBytes: number;
}

/** What composing a site gives. */
export interface ComposedSite {
  readonly web: ComposedImage;
  readonly php: ComposedImage | null;
  readonly codeDigest: string;
  /** What was written or known: for the next build. */
  readonly layers: ReadonlyMap<string, KnownLayer>;
}

/** What composing needs from around it. */
export interface ComposeContext {
  readonly builder: BuilderContext;
  readonly work: SiteWork & { readonly id: string };
  readonly workDir: string;
  readonly memory: BuildMemory;
  /** diffIds that the storage has: such layers are named, not written. */
  readonly stored: ReadonlySet<string>;
}

/**
 * Puts a site's code on its bases: the whole tree for PHP, what the web server shows for nginx. Only layers that nothing knows are written, into
 * `workDir`. `before` is the tree without what build hooks made: what they added counts as dependencies.
 */
export async function composeSite(
  request: SiteImageRequest,
  trees: { readonly code: SiteTree; readonly before: SiteTree },
  bases: SiteBases,
  context: ComposeContext,
): Promise<ComposedSite> {
  const { entries } = trees.code;
  const root = request.writable ? WRITABLE_ROOT : CODE_ROOT.slice(1);
  const isDependency = dependencies(trees.before, trees.code);
  const shown = request.writable ? [] : webEntries(entries, request.served);
  const copied = new Set(compressibleFiles(shown).map((file) => file.path));
  const web = planLayers(shown, { root, isDependency, copied });
  const php =
    bases.php === undefined
      ? []
      : [...planLayers(entries, { root, isDependency, copied: new Set() }), ...planSeeds(entries, request.seeds ?? [])];
  const codeDigest = `sha256:${contentHash([LAYER_FORM, root, hashOfEntries(entries)])}`;
  const layers = new Map<string, LayerSource>();
  for (const planned of [...web, ...php]) {
    if (!layers.has(planned.key)) layers.set(planned.key, await layerOf(planned, context));
  }
  const own = (plans: readonly PlannedLayer[]): readonly LayerSource[] =>
    plans.flatMap(({ key }) => {
      const layer = layers.get(key);
      return layer === undefined ? [] : [layer];
    });
  const { names } = context.builder;
  const labels = bases.php === undefined ? { web: { code: codeDigest }, php: {} } : { web: {}, php: { code: codeDigest } };
  return {
    web: composed(request, { role: "web", base: bases.web, labels: labels.web, names }, own(web)),
    php: bases.php === undefined ? null : composed(request, { role: "php", base: bases.php, labels: labels.php, names }, own(php)),
    codeDigest,
    layers: new Map([...layers].map(([key, { diffId, size }]) => [key, { diffId, size }])),
  };
}

/** Where writable code waits for the entrypoint to merge it into its volume. */
const WRITABLE_ROOT = "usr/share/howdah/code";

/** What tools made: by its directory, or because a build hook left it there. */
function dependencies(before: SiteTree, code: SiteTree): (entry: SiteEntry) => boolean {
  const inLibraries = (path: string): boolean => /(?:^|\/)(?:vendor|node_modules)(?:\/|$)/.test(path);
  if (before === code) return ({ path }) => inLibraries(path);
  const source = new Map(before.entries.map((entry) => [entry.path, entry]));
  return (entry) => {
    const there = source.get(entry.path);
    const isOwn = there?.type === entry.type && (entry.type !== "file" || (there.type === "file" && there.sha256 === entry.sha256));
    return inLibraries(entry.path) || !isOwn;
  };
}

async function layerOf(planned: PlannedLayer, context: ComposeContext): Promise<LayerSource> {
  const known = context.memory.layer(planned.key);
  if (known !== undefined && context.stored.has(known.diffId)) return known;
  const { work, builder, workDir } = context;
  work.emit({ type: "task-progress", id: work.id, detail: `packing ${planned.sources.length} files` });
  const copies = await precompress(planned.copied, builder.cacheDir, {
    signal: work.signal,
    onProgress: (done) => {
      if (done % 50 === 0)
        work.emit({ type: "task-progress", id: work.id, detail: `compressed ${done} of ${planned.copied.length} files` });
    },
  });
  const sources = [...planned.sources, ...copies.map((copy) => ({ ...copy, path: `${planned.root}/${copy.path}` }))].sort(byPath);
  const part = join(workDir, `${planned.key}.part`);
  const { sha256, size } = await writeTar(sources, part, work.signal);
  const file = join(workDir, `${sha256}.tar`);
  await rename(part, file);
  return { diffId: `sha256:${sha256}`, size, file };
}

interface Composition {
  readonly role: "web" | "php";
  readonly base: StoredImage;
  readonly labels: Readonly<Record<string, string>>;
  readonly names: ImageNames;
}

function composed(request: SiteImageRequest, { role, base, labels, names }: Composition, own: readonly LayerSource[]): ComposedImage {
  const ours = Object.entries({ kind: "site", site: request.site, role, ...labels }).map(([name, value]) => [
    `${LABEL_PREFIX}/${name}`,
    value,
  ]);
  const layers = [...base.layers.map((diffId) => ({ diffId, size: 0 })), ...own];
  // Of an image of somebody else too: a kubelet takes the image's word, and PHP-FPM ends its requests at this one alone.
  const config = {
    ...base.config,
    stopSignal: "SIGQUIT",
    labels: { ...base.config.labels, ...request.labels, ...Object.fromEntries(ours) },
  };
  const documents = imageDocuments({ architecture: base.architecture, config, layers });
  return {
    reference: names.reference(`site-${request.site}-${role}`, documents.id.slice(0, 16)),
    documents,
    layers,
    sizeBytes: own.reduce((sum, { size }) => sum + size, base.sizeBytes),
  };
}
