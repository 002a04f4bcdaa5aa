import { describe, expect, it } from "vitest";
import type { MemoryEngine } from "../../engine/memory/memory-engine.ts";
import { type MemoryApi, memoryApi } from "../../kubernetes/testing/memory-api.ts";
import type { SiteDocument } from "../../site/schema/site-document.ts";
import { type ClusterRig, clusterRig, rigEngine } from "./testing/cluster-rig.ts";
import { type Death, Killed, life } from "./testing/mortal.ts";

/** One thing that a person does, and what the operator must bring about. */
interface Deed {
  readonly release: string;
  readonly image: string;
  readonly spec?: SiteDocument["spec"];
  readonly replicas?: number;
}

const scenarios: Readonly<Record<string, readonly Deed[]>> = {
  "a first release": [{ release: "r1", image: "one" }],
  "a deploy": [
    { release: "r1", image: "one" },
    { release: "r2", image: "two" },
  ],
  "another number of copies": [
    { release: "r1", image: "one" },
    { release: "r1", image: "one", replicas: 3 },
  ],
  "another hostname": [
    { release: "r1", image: "one", spec: { hostnames: ["blog.localhost", "old.localhost"] } },
    { release: "r2", image: "one", spec: { hostnames: ["blog.localhost", "new.localhost"] } },
  ],
  "a topology that changes": [
    { release: "r1", image: "one", spec: { scale: { replicas: 2 } } },
    { release: "r2", image: "two", spec: { scale: { replicas: 1 }, mounts: { uploads: { size: "1Gi" } } } },
  ],
};

/** Acts that change something outside of the process. */
const WRITES = ["apply", "create", "replace", "mergePatch", "delete"] as const;
const DEEDS = ["prepare", "putSecret", "deleteSecret", "apply", "settle", "hold", "scaleUp", "scaleDown"] as const;

interface World {
  readonly api: MemoryApi;
  readonly engine: MemoryEngine;
}

/** An operator on a world; it dies as it is told. */
function operatorOn({ api, engine }: World, death: Death): { readonly rig: ClusterRig; readonly acts: readonly string[] } {
  const process = life(death);
  return { rig: clusterRig(process.mortal("api", api, WRITES), process.mortal("engine", engine, DEEDS)), acts: process.acts };
}

const NEVER: Death = { act: Number.POSITIVE_INFINITY, when: "before" };

/** Does all of it; the operator dies once in the last deed, and another one takes over. */
async function perform(deeds: readonly Deed[], death: Death): Promise<{ readonly state: unknown; readonly acts: readonly string[] }> {
  const world: World = { api: memoryApi(), engine: rigEngine() };
  const person = clusterRig(world.api, world.engine);
  const known = new Set<string>();
  let acts: readonly string[] = [];
  for (const [index, { release, image, spec, replicas }] of deeds.entries()) {
    if (!known.has(release)) await person.release(release, image, spec);
    known.add(release);
    const last = index === deeds.length - 1;
    const operator = operatorOn(world, last ? death : NEVER);
    acts = operator.acts;
    try {
      await operator.rig.serve(release, replicas);
    } catch (error) {
      if (!(error instanceof Killed) && !isKill(error)) throw error;
      expect(answers(world)).not.toBe("nothing"); // B: what served goes on serving, whoever is dead
      await operatorOn(world, NEVER).rig.serve(release, replicas);
    }
  }
  return { state: await stateOf(world), acts };
}

function isKill(error: unknown): boolean {
  return error instanceof Error && (error.message.includes("api.") || error.message.includes("engine.") || isKill(error.cause));
}

function answers({ engine }: World): string {
  return engine.ask("blog.localhost");
}

/** Everything that is there in the end, without what counts or names a moment. */
async function stateOf({ api, engine }: World): Promise<unknown> {
  const objects = ["Release", "ConfigMap", "Secret", "Environment"].flatMap((kind) => api.all(kind));
  const plain = objects.map(({ kind, metadata, ...rest }) => [kind, metadata.name, metadata.labels ?? {}, withoutMoments(rest)]);
  const { workloads, routes, volumes } = await engine.observe("acme");
  const { objects: inventory } = await engine.inventory("acme");
  return [
    plain,
    workloads,
    routes,
    volumes.map(({ claim }) => claim),
    [...inventory].sort(([a], [b]) => (a < b ? -1 : 1)),
    answers({ api, engine }),
  ];
}

function withoutMoments(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "then"));
}

describe.each(Object.entries(scenarios))("an operator that is killed anywhere in %s", (_, deeds) => {
  it("is followed by one that brings about the same", async () => {
    const whole = await perform(deeds, NEVER);
    expect(whole.acts.length).toBeGreaterThan(2);
    for (let act = 1; act <= whole.acts.length; act++) {
      for (const when of ["before", "after"] as const) {
        const { state } = await perform(deeds, { act, when });
        expect([when, act, whole.acts[act - 1], state]).toEqual([when, act, whole.acts[act - 1], whole.state]);
      }
    }
  }, 120_000);
});
