import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A layer that was written before: what its tar was. */
export interface KnownLayer {
  /** `sha256:…` of the tar. */
  readonly diffId: string;
  /** Bytes of the tar. */
  readonly size: number;
}

/** What came of a build, by its identity. */
export interface FormerBuild {
  readonly web: string;
  readonly php: string | null;
  readonly codeDigest: string;
  readonly files: number;
}

/**
 * What the former builds of a site have taught: which layer a list of entries gives, and which images a whole tree. Only saves work: whatever
 * it says is checked against the storage, and without it everything is written again to the same bytes.
 */
export interface BuildMemory {
  layer(key: string): KnownLayer | undefined;
  former(identity: string): FormerBuild | undefined;
  /** The build before this one. */
  last(): FormerBuild | undefined;
  save(identity: string, build: FormerBuild, layers: ReadonlyMap<string, KnownLayer>): Promise<void>;
}

/** Raised when the file's form changes. */
const FORM = 1;
/** Enough to go back and forth between branches. */
const MOST = { builds: 20, layers: 400 };

interface Kept {
  readonly form: number;
  /** Newest last. */
  readonly builds: readonly (readonly [string, FormerBuild])[];
  readonly layers: readonly (readonly [string, KnownLayer])[];
}

/** Opens a site's memory; a damaged one is empty. */
export async function openBuildMemory(cacheDir: string, site: string): Promise<BuildMemory> {
  const path = join(cacheDir, "compose", `${site}.json`);
  const kept = parse(await readFile(path, "utf8").catch(() => ""));
  const builds = new Map(kept.builds);
  const known = new Map(kept.layers);
  return {
    layer: (key) => known.get(key),
    former: (identity) => builds.get(identity),
    last: () => kept.builds.at(-1)?.[1],
    save: async (identity, build, layers) => {
      const next: Kept = {
        form: FORM,
        builds: newest(builds, [[identity, build]], MOST.builds),
        layers: newest(known, [...layers], MOST.layers),
      };
      const part = `${path}.${randomBytes(6).toString("hex")}.part`;
      await mkdir(dirname(path), { recursive: true });
      try {
        await writeFile(part, JSON.stringify(next), { mode: 0o600 });
        await rename(part, path);
      } finally {
        await rm(part, { force: true });
      }
    },
  };
}

function newest<T>(before: ReadonlyMap<string, T>, added: readonly (readonly [string, T])[], most: number): (readonly [string, T])[] {
  const again = new Set(added.map(([key]) => key));
  return [...[...before].filter(([key]) => !again.has(key)), ...added].slice(-Math.max(most, added.length));
}

function parse(text: string): Kept {
  try {
    const kept = JSON.parse(text) as Kept;
    if (kept.form === FORM && Array.isArray(kept.builds) && Array.isArray(kept.layers)) return kept;
  } catch {
    // nothing yet, or damaged: as if nothing had been built
  }
  return { form: FORM, builds: [], layers: [] };
}
