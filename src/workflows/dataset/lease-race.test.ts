import { describe, expect, it } from "vitest";
import { everyOrder, type Stepwise } from "../../../test/support/every-order.ts";
import type { StoredVolume } from "../../providers/dataset-storage/dataset-storage.ts";
import type { DocumentStore } from "../ports.ts";
import { type CurrentGeneration, type Generation, type GenerationLease, leaseGeneration } from "./generation.ts";
import { publishGeneration, reapGeneration, reapGenerations } from "./publish-generation.ts";

/** What outlives the processes that race. */
class World {
  readonly generations = new Map<string, Generation>();
  readonly current = new Map<string, CurrentGeneration>();
  readonly leases = new Map<string, GenerationLease>();
  readonly volumes = new Set<string>();
  /** What the lease was answered with; undefined: refused. */
  leased: string | undefined;

  add(id: string, state: Generation["state"]): Generation {
    const generation = { site: "shop", id, state, volumes: [], publishedAt: null } as unknown as Generation;
    this.generations.set(`shop.${id}`, generation);
    this.volumes.add(`shop.${id}.database`);
    return generation;
  }

  seenBy(step: () => Promise<void>) {
    const list = async (): Promise<readonly StoredVolume[]> => [...this.volumes].map((id) => ({ id }) as StoredVolume);
    const destroy = async (id: string): Promise<boolean> => {
      await step();
      return this.volumes.delete(id);
    };
    return {
      ...{ generations: documents(this.generations, step), current: documents(this.current, step), leases: documents(this.leases, step) },
      storage: { list, destroy },
    };
  }

  lease(generation?: string): Stepwise {
    return async (step) => {
      const options = generation === undefined ? { at: "now" } : { at: "now", generation };
      const found = await leaseGeneration("shop", "shop--a", this.seenBy(step), options).catch(() => undefined);
      this.leased = found?.id;
    };
  }
}

function documents<T>(kept: Map<string, T>, step: () => Promise<void>): DocumentStore<T> {
  return {
    get: async (name) => {
      await step();
      return kept.get(name);
    },
    list: async (prefix = "") => {
      await step();
      return [...kept].filter(([name]) => name.startsWith(prefix)).map(([, document]) => document);
    },
    put: async (name, document) => {
      await step();
      kept.set(name, document);
    },
    remove: async (name) => {
      await step();
      kept.delete(name);
    },
  };
}

describe("an environment that takes a generation while it is reaped", () => {
  it("has it whole, or is refused, in every order of their steps", async () => {
    let world = new World();
    const ends = new Set<string>();
    const start = (): readonly Stepwise[] => {
      world = new World();
      const superseded = world.add("g1", "draining");
      return [world.lease("g1"), (step) => reapGeneration(superseded, world.seenBy(step))];
    };
    const orders = await everyOrder(start, (order) => {
      const isThere = world.volumes.has("shop.g1.database");
      const state = world.generations.get("shop.g1")?.state;
      if (world.leased === "g1") expect([order, isThere, state]).toEqual([order, true, "draining"]);
      else expect([order, world.leases.size]).toEqual([order, 0]);
      if (!isThere) expect([order, state]).toEqual([order, "reaped"]);
      ends.add(`${world.leased === undefined ? "refused" : "leased"} ${isThere ? "there" : "gone"}`);
    });
    expect(orders).toBeGreaterThan(50);
    expect([...ends].toSorted()).toContain("leased there");
    expect([...ends].toSorted()).toContain("refused gone");
  });

  it("gets the former one or the new one, whole, while the new one is published and the former reaped", { timeout: 600_000 }, async () => {
    let world = new World();
    const start = (): readonly Stepwise[] => {
      world = new World();
      world.add("g1", "current");
      const sealed = world.add("g2", "sealed");
      world.current.set("shop", { site: "shop", generation: "g1", since: "then" });
      const switched: Stepwise = async (step) => {
        const seen = world.seenBy(step);
        await publishGeneration(sealed, "now", seen);
        await reapGenerations("shop", 0, seen);
      };
      return [world.lease(), switched];
    };
    const got = new Set<string>();
    await everyOrder(start, (order) => {
      expect([order, world.leased]).toEqual([order, expect.stringMatching(/^g[12]$/)]);
      const id = world.leased ?? "";
      got.add(id);
      expect([order, world.volumes.has(`shop.${id}.database`), world.leases.has(`shop--a.${id}`)]).toEqual([order, true, true]);
      expect([order, world.leases.size]).toEqual([order, 1]);
    });
    expect([...got].toSorted()).toEqual(["g1", "g2"]);
  });
});
