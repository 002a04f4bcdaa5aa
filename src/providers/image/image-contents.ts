import type { ImageContents, InstalledPackage } from "../../kernel/image-contents.ts";
import type { ExportedImage } from "../image-builder.ts";
import type { PackageRecord } from "./debian-records.ts";
import { type Fact, layerFacts, type LayerFacts } from "./layer-facts.ts";

/** What reading an image needs from the machine. */
export interface ContentsContext {
  readonly cacheDir: string;
  readonly signal?: AbortSignal | undefined;
}

/** What an image holds, from its own files: the truth also for images of somebody else, and for what build hooks have installed. */
export async function imageContents(image: ExportedImage, { cacheDir, signal }: ContentsContext): Promise<ImageContents> {
  const layers: LayerFacts[] = [];
  for (const layer of image.layers) layers.push(await layerFacts(layer, cacheDir, signal));
  const facts = [...merged(layers).values()];
  const config = JSON.parse(Buffer.from(image.config.bytes).toString("utf8")) as {
    readonly architecture?: string;
    readonly created?: string;
  };
  const found = facts.find((fact) => fact.kind === "distribution");
  const libraries = facts.flatMap((fact) => (fact.kind === "libraries" ? [{ path: fact.path, text: fact.text }] : []));
  return {
    digest: image.manifest.digest,
    architecture: config.architecture ?? "amd64",
    created: wholeSeconds(config.created ?? ""),
    distribution: found?.kind === "distribution" ? found.distribution : null,
    packages: packagesOf(facts),
    libraries: libraries.sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
}

/** Upper layers replace and remove what lower ones have. */
function merged(layers: readonly LayerFacts[]): ReadonlyMap<string, Fact> {
  const all = new Map<string, Fact>();
  for (const layer of layers) {
    for (const [path, fact] of Object.entries(layer)) {
      if (fact !== null) continue;
      for (const below of all.keys()) if (below === path || path === "" || below.startsWith(`${path}/`)) all.delete(below);
    }
    for (const [path, fact] of Object.entries(layer)) if (fact !== null) all.set(path, fact);
  }
  return all;
}

/** Packages of one source share their copyright file where a package's own directory is a link to another's, as Debian's policy allows. */
function packagesOf(facts: readonly Fact[]): readonly InstalledPackage[] {
  const licences = new Map(facts.flatMap((fact) => (fact.kind === "licences" ? [[fact.package, fact.licences] as const] : [])));
  const records = new Map<string, PackageRecord>(
    facts.flatMap((fact) =>
      fact.kind === "packages" ? fact.packages.map((one) => [`${one.name} ${one.architecture}`, one] as const) : [],
    ),
  );
  const ofSource = new Map<string, readonly string[]>();
  const sorted = [...records].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
  for (const { name, source } of sorted) {
    const own = licences.get(name) ?? [];
    if (own.length > 0 && !ofSource.has(source.name)) ofSource.set(source.name, own);
  }
  return sorted.map((record) => ({ ...record, licences: licences.get(record.name) ?? ofSource.get(record.source.name) ?? [] }));
}

/** An image may say no time at all, or one in another zone: then it is the epoch, as `created` must be there. */
function wholeSeconds(time: string): string {
  const [, seconds] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(time) ?? [];
  return `${seconds ?? "1970-01-01T00:00:00"}Z`;
}
