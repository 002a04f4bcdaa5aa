import { beforeEach, describe, expect, it } from "vitest";
import type { DatasetStorage, StoredVolume } from "../../providers/dataset-storage/dataset-storage.ts";
import type { DocumentStore, EngineContext, LockPort } from "../ports.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { breedDataset, type BreedParts, type BreedPorts } from "./breed-dataset.ts";
import { currentGeneration, leaseGeneration, listGenerations, releaseLease } from "./generation.ts";
import { recoverBreed, recoverBreeds } from "./recover-breeds.ts";
import { nurseryVolume, rawVolume, snapshotVolume } from "./volume-names.ts";

/** A machine whose process can be killed at any of its deeds: from then on nothing of it has an effect. */
interface World {
  /** The deed that it is killed before; undefined: none. */
  killAt: number | undefined;
  deeds: number;
  dead: boolean;
  runner: number;
  now: number;
}

class Killed extends Error {}

let world: World;
let volumes: Map<string, StoredVolume>;
let ports: BreedPorts;
/** Nobody else has one. */
const locks: LockPort = { hold: (_name, _command, work) => work() };
const context: EngineContext = { emit: () => undefined, signal: new AbortController().signal };

function deed(): void {
  if (world.dead) throw new Killed();
  world.deeds += 1;
  if (world.deeds !== world.killAt) return;
  world.dead = true;
  throw new Killed();
}

function memory<T>(): DocumentStore<T> {
  const kept = new Map<string, T>();
  return {
    get: async (name) => kept.get(name),
    list: async (prefix = "") => [...kept].filter(([name]) => name.startsWith(prefix)).map(([, document]) => document),
    put: async (name, document) => {
      deed();
      kept.set(name, structuredClone(document));
    },
    remove: async (name) => {
      deed();
      kept.delete(name);
    },
  };
}

const add = (id: string, kind: StoredVolume["kind"]): string => {
  deed();
  volumes.set(id, { id, kind, source: null, createdAt: new Date(world.now).toISOString() });
  return `/${id}`;
};

beforeEach(() => {
  world = { killAt: undefined, deeds: 0, dead: false, runner: 1, now: Date.parse("2026-11-22T12:00:00Z") };
  volumes = new Map();
  const storage = {
    createVolume: async (id: string) => add(id, "volume"),
    snapshot: async (_volume: string, id: string) => add(id, "snapshot"),
    destroy: async (id: string) => {
      deed();
      return volumes.delete(id);
    },
    list: async () => [...volumes.values()],
  } as unknown as DatasetStorage;
  const servers = { sweep: async () => 0 } as unknown as BreedPorts["servers"];
  ports = {
    ...{ generations: memory(), current: memory(), leases: memory(), journals: memory(), storage, servers },
    clock: { now: () => world.now },
    processIdentity: async () => `${String(world.runner)}-1`,
    isProcessAlive: async (runner) => !world.dead && runner === `${String(world.runner)}-1`,
  };
});

function partsOf(change: Partial<BreedParts> = {}): BreedParts {
  const step = async (): Promise<void> => deed();
  return {
    ...{ site: "shop", source: { kind: "site", server: "mariadb-11-8", database: "shop" }, keep: 0 },
    preflight: async () => {
      deed();
      return { schemaHash: "s", planHash: "p", release: "r1" };
    },
    capture: async (generation) => {
      add(rawVolume(generation), "volume");
      return { database: "shop", at: "2026-11-22T12:00:01Z", position: null, version: "11.8.6", bytes: 1, files: "source" };
    },
    open: async (generation) => void add(nurseryVolume(generation, "database"), "volume"),
    mask: step,
    scrub: async (generation) => {
      deed();
      volumes.delete(rawVolume(generation));
    },
    verify: async (generation) => {
      const snapshot = snapshotVolume(generation, "database");
      add(snapshot, "snapshot");
      return { rejected: null, volumes: [{ name: "database", path: null, snapshot, bytes: 1 }] };
    },
    report: async ({ id }) => `shop.${id}`,
    close: async () => undefined,
    ...change,
  };
}

/** A later process on the same disk. */
function revive(): void {
  world = { ...world, killAt: undefined, dead: false, runner: world.runner + 1 };
}

const published = async (): Promise<string | undefined> => (await currentGeneration("shop", ports))?.id;

describe("a breed", () => {
  it("publishes by one switch, and leaves nothing but its snapshots", async () => {
    const first = await breedDataset(partsOf(), ports, context);
    expect(first).toMatchObject({ id: "g1", state: "current", capturedAt: "2026-11-22T12:00:01Z", planHash: "p" });
    expect([...volumes.keys()]).toEqual(["shop.g1.database"]);
    expect((await breedDataset(partsOf(), ports, context)).id).toBe("g2");
    expect([...volumes.keys()]).toEqual(["shop.g2.database"]);
  });

  it("keeps a generation that somebody has, and reaps it when nobody does", async () => {
    await breedDataset(partsOf(), ports, context);
    await leaseGeneration("shop", "shop--a", ports, { at: "now" });
    await breedDataset(partsOf(), ports, context);
    expect([...volumes.keys()]).toEqual(["shop.g1.database", "shop.g2.database"]);
    await releaseLease("shop--a", ports);
    await breedDataset(partsOf(), ports, context);
    expect([...volumes.keys()]).toEqual(["shop.g3.database"]);
    expect((await listGenerations("shop", ports)).map(({ id, state }) => `${id} ${state}`)).toEqual([
      "g1 reaped",
      "g2 reaped",
      "g3 current",
    ]);
  });

  it("that is rejected keeps its report, destroys its data, and leaves the published one", async () => {
    await breedDataset(partsOf(), ports, context);
    const verify: BreedParts["verify"] = async (generation) => {
      add(snapshotVolume(generation, "database"), "snapshot");
      return { rejected: "3 values of production were found", volumes: [] };
    };
    await expect(breedDataset(partsOf({ verify }), ports, context)).rejects.toMatchObject({ code: "dataset/rejected" });
    expect(await published()).toBe("g1");
    expect([...volumes.keys()]).toEqual(["shop.g1.database"]);
    expect((await listGenerations("shop", ports)).at(-1)).toMatchObject({ id: "g2", state: "rejected", report: "shop.g2" });
  });

  it("killed before any of its deeds leaves one published generation whole, and nothing else once somebody looked", async () => {
    await breedDataset(partsOf(), ports, context);
    world.deeds = 0;
    await breedDataset(partsOf(), ports, context);
    const deeds = world.deeds;
    expect(deeds).toBeGreaterThan(20);
    for (let at = 1; at <= deeds; at += 1) {
      const before = await published();
      world = { ...world, deeds: 0, killAt: at };
      await expect(breedDataset(partsOf(), ports, context)).rejects.toThrow();
      revive();
      const meanwhile = await currentGeneration("shop", ports);
      expect(volumes.has(meanwhile?.volumes[0]?.snapshot ?? ""), `deed ${String(at)}: what is current is there`).toBe(true);
      await recoverBreeds({ ...ports, locks });
      const current = await currentGeneration("shop", ports);
      expect(current?.state).toBe("current");
      expect(Number(current?.id.slice(1))).toBeGreaterThanOrEqual(Number(before?.slice(1)));
      await breedDataset(partsOf(), ports, context);
      expect([...volumes.keys()], `deed ${String(at)}: nothing is left`).toEqual([`shop.${String(await published())}.database`]);
      expect(await ports.journals.list()).toEqual([]);
    }
  });

  it("is not touched by others while its process lives", async () => {
    let seen: unknown = "nothing";
    const mask = async (): Promise<void> => {
      seen = [await recoverBreed("shop", ports), await recoverBreeds({ ...ports, locks })];
    };
    await breedDataset(partsOf({ mask }), ports, context);
    expect(seen).toEqual([undefined, { breeds: [], raw: [], overdue: [] }]);
    expect(await published()).toBe("g1");
  });

  it("that was begun again after the agent had read that it was cut off is not ended by it", async () => {
    world.killAt = 12;
    await expect(breedDataset(partsOf(), ports, context)).rejects.toThrow();
    revive();
    const [old] = await ports.journals.list();
    let again: Promise<unknown> | undefined;
    // Between the agent's look at the journals and its deeds a person has begun, and has the lock.
    const held: string[] = [];
    const busy: LockPort = {
      hold: (name, command) => {
        held.push(`${name} by ${command}`);
        return Promise.reject(new HowdahError("machine/busy", "dataset breed"));
      },
    };
    const journals = {
      ...ports.journals,
      list: async () => {
        again ??= breedDataset(
          partsOf({ mask: () => recoverBreeds({ ...ports, journals, locks: busy }).then(() => undefined) }),
          ports,
          context,
        );
        return old === undefined ? [] : [old];
      },
    };
    expect(await recoverBreeds({ ...ports, journals, isProcessAlive: async () => false, locks: busy })).toEqual({
      breeds: [],
      raw: [],
      overdue: [],
    });
    await again;
    expect(held).toContain("shop_dataset by agent");
    expect(await published()).toBe("g2");
  });

  it("never leaves raw data that no breed works on, or that is two days old", async () => {
    add("shop.g7.raw", "volume");
    expect((await recoverBreeds({ ...ports, locks })).raw).toEqual(["shop.g7.raw"]);
    const mask = async (): Promise<void> => {
      world.now += 49 * 3_600_000;
      expect((await recoverBreeds({ ...ports, locks })).raw).toEqual(["shop.g1.raw"]);
      throw new Error("its server is gone");
    };
    await expect(breedDataset(partsOf({ mask }), ports, context)).rejects.toThrow("gone");
    expect([...volumes.keys()]).toEqual([]);
  });

  it("that somebody works on for two days is not taken from under him, and is told of", async () => {
    add("shop.g7.raw", "volume");
    world.now += 49 * 3_600_000;
    const busy: LockPort = { hold: () => Promise.reject(new HowdahError("machine/busy", "dataset breed")) };
    expect(await recoverBreeds({ ...ports, locks: busy })).toEqual({ breeds: [], raw: [], overdue: ["shop.g7.raw"] });
    expect([...volumes.keys()]).toEqual(["shop.g7.raw"]);
    expect(await recoverBreeds({ ...ports, locks })).toEqual({ breeds: [], raw: ["shop.g7.raw"], overdue: [] });
  });
});

it("gives a generation one end, whatever it was", async () => {
  await expect(breedDataset(partsOf({ capture: () => Promise.reject(new Error("no server")) }), ports, context)).rejects.toThrow(
    "no server",
  );
  const [failed] = await listGenerations("shop", ports);
  expect(failed).toMatchObject({ id: "g1", state: "failed", reason: "no server" });
  expect(await published()).toBeUndefined();
});

it("keeps no name of a file that could not be copied", async () => {
  const error = Object.assign(new Error("EACCES: permission denied, open '/anna.pdf'"), {
    code: "EACCES",
    syscall: "open",
    path: "/anna.pdf",
  });
  await expect(breedDataset(partsOf({ open: () => Promise.reject(error) }), ports, context)).rejects.toThrow("anna");
  expect((await listGenerations("shop", ports))[0]).toMatchObject({ state: "failed", reason: "open failed: EACCES" });
});
