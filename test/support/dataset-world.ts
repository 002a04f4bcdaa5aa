import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { directoryStorage } from "../../src/providers/dataset-storage/directory-storage.ts";
import type { DatasetStorage } from "../../src/providers/dataset-storage/dataset-storage.ts";
import type { TreeCopier } from "../../src/providers/dataset-storage/tree-copier.ts";
import type { BreedJournal } from "../../src/workflows/dataset/breed-journal.ts";
import type { CurrentGeneration, Generation, GenerationLease } from "../../src/workflows/dataset/generation.ts";
import type { EnvironmentRecord } from "../../src/workflows/environment/environment.ts";
import type { DocumentStore } from "../../src/workflows/ports.ts";
import type { MortalProcess } from "./mortal-process.ts";

/** What outlives every process: documents and volumes. */
export interface DatasetWorld {
  readonly documents: {
    readonly generations: Map<string, Generation>;
    readonly current: Map<string, CurrentGeneration>;
    readonly leases: Map<string, GenerationLease>;
    readonly journals: Map<string, BreedJournal>;
    readonly environments: Map<string, EnvironmentRecord>;
  };
  readonly root: string;
  /** By identity. */
  readonly processes: Map<string, MortalProcess>;
  /** What `word` says in a volume; undefined when it is not there or not whole. */
  wordOf(id: string): Promise<string | undefined>;
  /** Names that only the storage itself knows: what is being made and what is being removed. */
  hidden(): Promise<readonly string[]>;
  remove(): Promise<void>;
}

/** An empty world in a directory of its own. */
export async function datasetWorld(): Promise<DatasetWorld> {
  const root = await mkdtemp(join(tmpdir(), "t-world-"));
  return {
    documents: { generations: new Map(), current: new Map(), leases: new Map(), journals: new Map(), environments: new Map() },
    ...{ root, processes: new Map() },
    wordOf: (id) => readFile(join(root, "volumes", id, "data", "word"), "utf8").catch(() => undefined),
    hidden: async () => [...(await readdir(join(root, ".making"))), ...(await readdir(join(root, ".trash")))],
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

/** Documents as a process sees them: it can be killed before each change. */
export function documentsOf<T>(kept: Map<string, T>, process: MortalProcess): DocumentStore<T> {
  return {
    get: async (name) => {
      await process.deed();
      return structuredClone(kept.get(name));
    },
    list: async (prefix = "") => {
      await process.deed();
      return [...kept].filter(([name]) => name.startsWith(prefix)).map(([, document]) => structuredClone(document));
    },
    put: async (name, document) => {
      await process.deed();
      kept.set(name, structuredClone(document));
    },
    remove: async (name) => {
      await process.deed();
      kept.delete(name);
    },
  };
}

/** The storage of datasets as a process sees it: real directories, copied by Node, with a death before and within each copy. */
export async function storageOf(world: DatasetWorld, process: MortalProcess): Promise<DatasetStorage> {
  return directoryStorage(copierOf(process), {
    root: world.root,
    requireRoom: () => process.deed(),
    facts: async () => ({ loopFile: null, freeBytes: 1, warnings: [] }),
    now: () => new Date(),
    makers: { own: process.identity, isAlive: async (identity) => world.processes.get(identity)?.isAlive() ?? false },
  });
}

function copierOf(process: MortalProcess): TreeCopier {
  return {
    ...{ driver: "copy", atomicSnapshot: false, cloneCost: "bytes" },
    create: async (path) => {
      await process.deed();
      await mkdir(path);
    },
    copy: async (from, to) => {
      await process.deed();
      await mkdir(to);
      await writeFile(join(to, "word"), "half");
      await process.deed();
      await cp(from, to, { recursive: true, force: true });
      await process.deed();
    },
    needs: async () => 0,
    remove: async (path) => {
      await process.deed();
      await rm(path, { recursive: true, force: true });
      await process.deed();
    },
    usage: async () => ({ ownBytes: 1, totalBytes: 1 }),
    sync: () => process.deed(),
  };
}
