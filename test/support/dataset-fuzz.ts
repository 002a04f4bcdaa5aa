import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { copiedVolumeId, ownerOfCopy } from "../../src/engine/copied-volume-id.ts";
import { CODE_ROOT } from "../../src/kernel/label.ts";
import { HowdahError } from "../../src/kernel/howdah-error.ts";
import type { DatasetStorage } from "../../src/providers/dataset-storage/dataset-storage.ts";
import type { Site } from "../../src/site/site.ts";
import { breedDataset, type BreedParts, type BreedPorts } from "../../src/workflows/dataset/breed-dataset.ts";
import { generationName } from "../../src/workflows/dataset/generation.ts";
import { reapGenerations } from "../../src/workflows/dataset/publish-generation.ts";
import { recoverBreeds } from "../../src/workflows/dataset/recover-breeds.ts";
import { nurseryVolume, rawVolume, snapshotVolume } from "../../src/workflows/dataset/volume-names.ts";
import type { EnvironmentRecord } from "../../src/workflows/environment/environment.ts";
import { letGoOfData, pinData } from "../../src/workflows/environment/environment-data.ts";
import { sweepEnvironments } from "../../src/workflows/environment/recover-environments.ts";
import type { EngineContext, Ports } from "../../src/workflows/ports.ts";
import { type DatasetWorld, datasetWorld, documentsOf, storageOf } from "./dataset-world.ts";
import { type MortalProcess, mortalProcess } from "./mortal-process.ts";
import { randomFrom } from "./seeded-random.ts";

/** What so many operations did. */
export interface FuzzedLifecycle {
  readonly operations: number;
  readonly kills: number;
  readonly bred: number;
  readonly environments: number;
  /** Environments whose data was looked at, summed over all steps. */
  readonly looks: number;
  /** Volumes that were lost, swapped, mixed or left behind: what must be none. */
  readonly faults: readonly string[];
}

const SITE = "shop";
const CLAIMS = ["environment-database-files", "uploads"] as const;
const PARTS = ["database", "files-uploads"] as const;
const NAMES = ["a", "b", "c", "d", "e"].map((name) => `${SITE}--${name}`);
const context: EngineContext = { emit: () => undefined, signal: new AbortController().signal };
const site = {
  database: { version: "11.8" },
  mounts: [{ path: "uploads", volume: "uploads", storage: "shared" }],
} as unknown as Site;

/** What a process acts with. */
interface Acting {
  readonly process: MortalProcess;
  readonly storage: DatasetStorage;
  readonly breeding: BreedPorts;
  readonly ports: Ports;
  /** Of this process alone: others don't change what it does. */
  readonly random: () => number;
}

/** Something to do, and which of all it is. */
interface Act {
  readonly kind: string;
  readonly operation: Operation;
}

type Operation = (acting: Acting) => Promise<unknown>;

/**
 * Breeds, environments that come, go and follow, and reaping, in random order, two at a time, by processes that are killed anywhere; and after each step every
 * volume is asked for its word. What was begun by the dead is finished by the next, sometimes at once and sometimes later.
 */
export async function fuzzDatasets(operations: number, seed: number): Promise<FuzzedLifecycle> {
  const fuzz = new Fuzz(await datasetWorld(), randomFrom(seed));
  try {
    for (let at = 0; at < operations && fuzz.faults.length === 0; at += 2) await fuzz.step(at);
    await fuzz.settle();
    return fuzz.result(operations);
  } finally {
    await fuzz.world.remove();
  }
}

class Fuzz {
  readonly faults: string[] = [];
  private kills = 0;
  private bred = 0;
  private created = 0;
  private looks = 0;
  private serial = 0;
  private readonly deeds = new Map<string, number>();
  /** What each environment wrote into its volumes itself. */
  private readonly own = new Map<string, string>();

  readonly world: DatasetWorld;
  private readonly random: () => number;

  constructor(world: DatasetWorld, random: () => number) {
    this.world = world;
    this.random = random;
  }

  result(operations: number): FuzzedLifecycle {
    const { kills, bred, created, looks, faults } = this;
    return { operations, kills, bred, environments: created, looks, faults };
  }

  /** One of the breeder and one of an environment at the same time; then a look, and mostly somebody who recovers. */
  async step(at: number): Promise<void> {
    const name = NAMES[Math.floor(this.random() * NAMES.length)] ?? NAMES[0] ?? "";
    const breeder = this.random() < 0.6 ? { kind: "breed", operation: this.breed() } : { kind: "reap", operation: this.reap() };
    await Promise.all([this.act(breeder, 0.35), this.act(this.environmentOperation(name), 0.35)]);
    await this.look(`step ${String(at)}`);
    if (this.random() < 0.5) await this.settle();
  }

  /** Finishes what the dead began, and looks whether nothing is left over. */
  async settle(): Promise<void> {
    await this.act({ kind: "recover", operation: this.recover() }, 0);
    await this.look("recovered");
    await this.lookForLeftovers();
  }

  private async act({ kind, operation }: Act, mayDie: number): Promise<void> {
    this.serial += 1;
    // As far as its kind came when it was let live: every deed is as likely.
    const killAt = this.random() < mayDie ? 1 + Math.floor(this.random() * (this.deeds.get(kind) ?? 40)) : undefined;
    const random = randomFrom(this.serial * 7919 + Math.floor(this.random() * 1e6));
    const process = mortalProcess(`p${String(this.serial)}`, random, killAt);
    this.world.processes.set(process.identity, process);
    const ended = await process.run(async () => operation(await this.acting(process, random)));
    if (ended.end === "killed") this.kills += 1;
    else this.deeds.set(kind, Math.max(process.deeds(), this.deeds.get(kind) ?? 0));
    if (ended.end === "failed" && !isExpected(ended.error)) this.faults.push(String((ended.error as Error).stack ?? ended.error));
  }

  private async acting(process: MortalProcess, random: () => number): Promise<Acting> {
    const { documents, processes } = this.world;
    const storage = await storageOf(this.world, process);
    const datasets = {
      generations: documentsOf(documents.generations, process),
      current: documentsOf(documents.current, process),
      leases: documentsOf(documents.leases, process),
      journals: documentsOf(documents.journals, process),
    };
    const clock = { now: () => Date.now() };
    const isProcessAlive = async (identity: string): Promise<boolean> => processes.get(identity)?.isAlive() ?? false;
    const servers = { sweep: async () => 0 } as unknown as BreedPorts["servers"];
    const breeding = { ...datasets, storage, servers, clock, processIdentity: async () => process.identity, isProcessAlive };
    const ports = {
      ...{ datasets, clock, datasetStorage: { open: async () => storage, existing: async () => storage } },
      environments: documentsOf(documents.environments, process),
      records: documentsOf(new Map(), process),
      engine: { observe: async () => ({ volumes: [] }) },
      machine: { isProcessAlive },
      locks: { hold: async (_: string, __: string, work: () => Promise<unknown>) => work() },
    } as unknown as Ports;
    return { process, storage, breeding, ports, random };
  }

  private breed(): Operation {
    return async ({ process, storage, breeding, random }) => {
      const write = async (id: string, word: string): Promise<void> => {
        await process.deed();
        await writeFile(join(await storage.directory(id), "word"), word);
      };
      const parts: BreedParts = {
        ...{ site: SITE, source: { kind: "site", server: "s", database: "shop" }, keep: Math.floor(random() * 3) },
        preflight: async () => ({ schemaHash: "s", planHash: "p", release: null }),
        capture: async (generation) => {
          await storage.createVolume(rawVolume(generation));
          await write(rawVolume(generation), "raw");
          return { database: "shop", at: "now", position: null, version: "11.8", bytes: 1, files: "source" };
        },
        open: async (generation) => {
          for (const part of PARTS) await storage.createVolume(nurseryVolume(generation, part));
        },
        mask: async (generation) => {
          for (const part of PARTS) await write(nurseryVolume(generation, part), wordOf(generation.id, part));
        },
        scrub: async (generation) => void (await storage.destroy(rawVolume(generation))),
        verify: async (generation) => {
          const volumes = PARTS.map((name) => ({
            ...{ name, path: name === "database" ? null : `${CODE_ROOT}/uploads`, bytes: 1 },
            snapshot: snapshotVolume(generation, name),
          }));
          for (const { name, snapshot } of volumes) await storage.snapshot(nurseryVolume(generation, name), snapshot);
          return { rejected: random() < 0.1 ? "a canary" : null, volumes };
        },
        report: async () => null,
        close: async () => undefined,
      };
      await breedDataset(parts, breeding, context);
      this.bred += 1;
    };
  }

  private reap(): Operation {
    return ({ breeding }) => reapGenerations(SITE, 0, breeding);
  }

  private environmentOperation(namespace: string): Act {
    const there = this.world.documents.environments.get(namespace);
    if (there === undefined) return { kind: "create", operation: (acting) => this.create(namespace, acting) };
    // Somebody died at it: who comes next finishes that.
    if (there.work !== null) return { kind: there.work.verb, operation: (acting) => this.goOn(there, acting) };
    if (this.random() < 0.5) return { kind: "reset", operation: (acting) => this.sync(there, acting) };
    return { kind: "delete", operation: (acting) => this.delete(there, acting) };
  }

  private async create(namespace: string, acting: Acting): Promise<void> {
    const { ports, process } = acting;
    const name = namespace.slice(SITE.length + 2);
    const work = { verb: "create", since: "now", by: process.identity } as const;
    const record = { namespace, name, of: SITE, data: { kind: "fresh" }, work, failure: null } as unknown as EnvironmentRecord;
    await ports.environments?.put(namespace, record);
    await this.serve(record, acting).catch(async (error: unknown) => {
      await this.delete(record, acting);
      throw error;
    });
    this.created += 1;
  }

  /** In the order of `serveEnvironment` and the engine: pinned, written down, copied, in service. */
  private async serve(record: EnvironmentRecord, { ports, storage, process, random }: Acting): Promise<EnvironmentRecord["data"]> {
    const { namespace } = record;
    const wanted = { kind: "dataset", generation: this.wantedGeneration(random) } as const;
    const { data, snapshots } = await pinData(record, wanted, site, ports, context);
    await ports.environments?.put(namespace, { ...record, data });
    const sources = [snapshots.database ?? "", snapshots.mounts["uploads"] ?? ""];
    const own = `${namespace} ${process.identity}`;
    for (const [index, claim] of CLAIMS.entries()) {
      const directory = await storage.clone(sources[index] ?? "", copiedVolumeId(namespace, claim));
      await process.deed();
      await writeFile(join(directory, "own"), own);
    }
    await process.deed();
    this.own.set(namespace, own);
    await ports.environments?.put(namespace, { ...record, data, work: null });
    return data;
  }

  /** The current one, or one that is reaped as soon as somebody looks. */
  private wantedGeneration(random: () => number): string | undefined {
    const { generations, leases } = this.world.documents;
    const held = new Set([...leases.values()].map(({ generation }) => generation));
    const free = [...generations.values()].filter(({ id, state }) => state === "draining" && !held.has(id));
    return random() < 0.4 ? undefined : free[Math.floor(random() * free.length)]?.id;
  }

  private async sync(record: EnvironmentRecord, acting: Acting): Promise<void> {
    const { ports, storage, process } = acting;
    const begun: EnvironmentRecord = { ...record, work: { verb: "reset", since: "now", by: process.identity } };
    await ports.environments?.put(record.namespace, begun);
    for (const claim of CLAIMS) await storage.destroy(copiedVolumeId(record.namespace, claim));
    const data = await this.serve(begun, acting).catch(async (error: unknown) => {
      await this.delete(begun, acting);
      throw error;
    });
    await letGoOfData(record.namespace, data, ports);
  }

  private async delete(record: EnvironmentRecord, { ports, storage, process }: Acting): Promise<void> {
    const { namespace } = record;
    await ports.environments?.put(namespace, { ...record, work: { verb: "delete", since: "now", by: process.identity } });
    for (const claim of CLAIMS) await storage.destroy(copiedVolumeId(namespace, claim));
    await letGoOfData(namespace, null, ports);
    await ports.environments?.remove(namespace);
  }

  private goOn(record: EnvironmentRecord, acting: Acting): Promise<void> {
    return record.work?.verb === "reset" ? this.sync(record, acting) : this.delete(record, acting);
  }

  private recover(): Operation {
    return async (acting) => {
      await recoverBreeds({ ...acting.breeding, locks: acting.ports.locks });
      for (const record of this.world.documents.environments.values()) if (record.work !== null) await this.goOn(record, acting);
      await sweepEnvironments(acting.ports);
      await reapGenerations(SITE, 0, acting.breeding);
      await acting.storage.freed();
    };
  }

  /** True at any moment, whoever died just now. */
  private async look(when: string): Promise<void> {
    const { environments, current, generations, leases } = this.world.documents;
    for (const { namespace, data, work } of environments.values()) {
      if (work !== null || data.kind !== "dataset") continue;
      this.looks += 1;
      const [lease, generation] = [leases.get(`${namespace}.${data.generation}`), generations.get(generationName(SITE, data.generation))];
      if (lease === undefined || generation === undefined) this.faults.push(`${when}: ${namespace} has no lease of ${data.generation}`);
      for (const [index, claim] of CLAIMS.entries()) {
        const id = copiedVolumeId(namespace, claim);
        await this.expectWord(id, wordOf(data.generation, PARTS[index] ?? "database"), when);
        const own = await readFile(join(this.world.root, "volumes", id, "data", "own"), "utf8").catch(() => "nothing");
        if (own !== this.own.get(namespace)) this.faults.push(`${when}: ${id} has of its own ${own}`);
      }
      for (const part of PARTS)
        await this.expectWord(snapshotVolume({ site: SITE, id: data.generation }, part), wordOf(data.generation, part), when);
    }
    const pointer = current.get(SITE)?.generation;
    if (pointer === undefined) return;
    if (generations.get(generationName(SITE, pointer))?.state !== "current")
      this.faults.push(`${when}: ${pointer} is pointed at and not current`);
    for (const part of PARTS) await this.expectWord(snapshotVolume({ site: SITE, id: pointer }, part), wordOf(pointer, part), when);
  }

  private async expectWord(id: string, expected: string, when: string): Promise<void> {
    const found = await this.world.wordOf(id);
    if (found !== expected) this.faults.push(`${when}: ${id} says ${found ?? "nothing"} instead of ${expected}`);
  }

  /** True when nobody is at anything. */
  private async lookForLeftovers(): Promise<void> {
    const { environments, generations, leases, journals } = this.world.documents;
    const live = new Set(
      [...generations.values()].filter(({ state }) => state === "current" || state === "draining").map(({ id }) => `${SITE}.${id}.`),
    );
    const observer = await storageOf(this.world, mortalProcess("observer", this.random));
    for (const { id } of await observer.list()) {
      const owner = ownerOfCopy(id)?.namespace;
      const known = owner === undefined ? [...live].some((prefix) => id.startsWith(prefix)) : environments.has(owner);
      if (!known) this.faults.push(`${id} belongs to nobody`);
    }
    for (const name of await this.world.hidden()) this.faults.push(`${name} was left`);
    for (const { site } of journals.values()) this.faults.push(`the journal of ${site} was left`);
    for (const { holder, generation } of leases.values()) {
      const data = environments.get(holder)?.data;
      if (data?.kind !== "dataset" || data.generation !== generation) this.faults.push(`${holder} holds ${generation} for nothing`);
    }
  }
}

function wordOf(generation: string, part: string): string {
  return `masked ${generation} ${part}`;
}

/** Before the first breed there is nothing to copy; some are rejected. */
function isExpected(error: unknown): boolean {
  return error instanceof HowdahError && (error.code === "dataset/none" || error.code === "dataset/rejected");
}
