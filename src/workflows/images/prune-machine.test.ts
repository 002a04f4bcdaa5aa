import { describe, expect, it } from "vitest";
import { memoryEngine } from "../../engine/memory/memory-engine.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { CacheFact } from "../../plan/prune/image-world.ts";
import type { StoredFact } from "../../providers/image-store.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { memoryDocuments } from "../testing/release-rig.ts";
import { planMachinePrune, pruneMachine } from "./prune-machine.ts";

const context: EngineContext = { emit: () => undefined, signal: new AbortController().signal };
const NOW = 1_000_000_000;

const image = (name: string): StoredFact => ({
  ...{ id: name, digest: "", kind: "site", site: "shop", own: [name], others: [], recipe: null, storedAt: 0, labels: {} },
  layers: [{ diffId: `sha256:${name}`, key: name, bytes: 100 }],
});
const layer = (name: string): CacheFact => ({
  id: `layers/${name}`,
  owner: { kind: "layer", diffId: `sha256:${name}` },
  bytes: 10,
  usedAt: 0,
});

/** A machine with the images a and b, which nothing needs, and their cached layers. */
function machine(options: { readonly refuses?: string; readonly busy?: boolean } = {}) {
  const removed: string[] = [];
  const claimed: string[] = [];
  const releases = memoryDocuments();
  const ports = {
    ...{ releases, records: memoryDocuments(), retained: memoryDocuments(), outcomes: memoryDocuments() },
    ...{ rollouts: memoryDocuments(), sharedImages: memoryDocuments(), engine: memoryEngine() },
    clock: { now: () => NOW },
    imageStore: {
      read: async () => ({ images: [image("a"), image("b")].filter(({ id }) => !removed.includes(id)), containers: [], claimed }),
      readCache: async () => ({ caches: [layer("a"), layer("b")], recipes: new Map() }),
      pinnedBy: async () => ({ references: [], packages: [] }),
      removeFromCache: async (caches: readonly CacheFact[]) => caches,
    },
    images: {
      remove: async (references: readonly string[]) => {
        const gone = references.filter((name) => name !== options.refuses);
        removed.push(...gone);
        return gone;
      },
    },
    compiledCode: {
      list: async () => [{ namespace: "shop", name: "old", bytes: 5, used: false }],
      dropUnused: async () => void removed.push("compiled"),
    },
    locks: {
      hold: async (_namespace: string, _command: string, work: () => Promise<unknown>) => {
        if (options.busy === true) throw new HowdahError("machine/busy", "a deploy works on shop");
        return work();
      },
    },
  } as unknown as Ports;
  return { ports, removed, claimed, releases };
}

const names = (gone: readonly { readonly reference: string }[]): readonly string[] => gone.map(({ reference }) => reference);

describe("pruning a machine", () => {
  it("deletes what was shown, and tells what was freed", async () => {
    const { ports, removed } = machine();
    const { plan } = await planMachinePrune({}, ports, context);
    expect([names(plan.images), plan.freedBytes]).toEqual([["a", "b"], 225]);
    const done = await pruneMachine(plan, {}, ports, context);
    expect([names(done.images), done.caches.length, done.freedBytes, done.stayed]).toEqual([["a", "b"], 3, 225, 0]);
    expect(removed).toEqual(["a", "b", "compiled"]);
  });

  it("leaves what has come to be needed while a person thought, and what belongs to it", async () => {
    const { ports, removed, releases } = machine();
    const { plan } = await planMachinePrune({}, ports, context);
    await releases.put("shop.r1", { id: "r1", namespace: "shop", images: { web: { reference: "a", digest: "" }, php: null } });
    const done = await pruneMachine(plan, {}, ports, context);
    expect([names(done.images), done.caches.map(({ cache }) => cache.id), done.stayed]).toEqual([["b"], ["layers/b", "shop/old"], 2]);
    expect(removed).not.toContain("a");
  });

  it("leaves what nobody was shown", async () => {
    const { ports, claimed } = machine();
    claimed.push("a");
    const { plan } = await planMachinePrune({}, ports, context);
    claimed.pop();
    expect(names((await pruneMachine(plan, {}, ports, context)).images)).toEqual(["b"]);
  });

  it("keeps the caches of an image that could not be removed", async () => {
    const { ports } = machine({ refuses: "a" });
    const { plan } = await planMachinePrune({}, ports, context);
    const done = await pruneMachine(plan, {}, ports, context);
    expect([names(done.images), done.caches.map(({ cache }) => cache.id)]).toEqual([["b"], ["layers/b", "shop/old"]]);
  });

  it("leaves a site's compiled code while a command works on the site", async () => {
    const { ports, removed } = machine({ busy: true });
    const { plan } = await planMachinePrune({}, ports, context);
    expect((await pruneMachine(plan, {}, ports, context)).stayed).toBe(1);
    expect(removed).not.toContain("compiled");
  });
});
