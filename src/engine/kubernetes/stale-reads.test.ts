import { describe, expect, it } from "vitest";
import { randomFrom } from "../../../test/support/seeded-random.ts";
import type { DeleteOptions, KubeObject, KubernetesApi, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import type { Rendered } from "../../render/objects.ts";
import { tinyDeployment, tinyStatefulSet, tinySurroundings } from "../contract-objects.ts";
import type { Engine, EngineContext } from "../engine.ts";
import { behave } from "../testing/behave.ts";
import { type SimulatedCluster, simulatedCluster } from "./testing/simulated-cluster.ts";
import { simulatedEngine } from "./testing/simulated-engine.ts";

const context: EngineContext = { emit: () => undefined, signal: new AbortController().signal };
const PATIENCE_MS = 300_000;
/** Moments of the past, spread over it; `HOWDAH_STALE_MOMENTS=40` is nearly all, in two minutes. */
const MOMENTS = Number(process.env["HOWDAH_STALE_MOMENTS"] ?? 10);
/** How many reads of a restarted process may come from the past: more than a plan needs. */
const READS = 60;

const siteThat = (says: string, withStore: boolean): readonly Rendered[] => [
  ...tinySurroundings("alpha.localhost"),
  tinyDeployment({ image: "test", behave: ["serve", says], replicas: 2 }),
  ...(withStore ? [tinyStatefulSet({ image: "test", behave: ["serve", says] })] : []),
];

async function bring(engine: Engine, desired: readonly Rendered[]): Promise<void> {
  await engine.prepare("alpha", context);
  for (const step of planObjects(desired, await engine.inventory("alpha", desired))) await engine.apply("alpha", step, context);
  await engine.settle("alpha", context);
}

/** A site that was made, got a store, was stopped, started, and updated: its past has all of it. */
async function withPast(): Promise<{ readonly cluster: SimulatedCluster; readonly first: number; readonly last: number }> {
  const cluster = await simulatedCluster(behave);
  const engine = simulatedEngine(cluster);
  const first = cluster.api.newest();
  await bring(engine, siteThat("one", false));
  await bring(engine, siteThat("one", true));
  await engine.scaleDown("alpha", context);
  await engine.scaleUp("alpha", context);
  await bring(engine, siteThat("two", true));
  return { cluster, first, last: cluster.api.newest() };
}

interface Witness {
  readonly api: KubernetesApi;
  readonly deletes: { readonly name: ObjectName; readonly options: DeleteOptions; readonly done: boolean }[];
  readonly emptied: string[];
}

/** The cluster as somebody sees it whose first reads are answered from the past; what he does there is done, or refused, now. */
function seeing(cluster: SimulatedCluster, at: number, random: () => number): Witness {
  const { api } = cluster;
  const past = api.asOf(at);
  let left = Math.floor(random() * READS);
  const old = (): boolean => (left -= 1) >= 0;
  const deletes: Witness["deletes"] = [];
  const emptied: string[] = [];
  const note = (object: { readonly spec?: unknown; readonly metadata?: unknown }, what: string): void => {
    if ((object.spec as { readonly replicas?: number } | undefined)?.replicas === 0) emptied.push(what);
  };
  return {
    ...{ deletes, emptied },
    api: {
      ...api,
      get: (...asked) => (old() ? past.get(...asked) : api.get(...asked)),
      list: (...asked) => (old() ? past.list(...asked) : api.list(...asked)),
      apply: (resource, object, ...rest) => {
        note(object, `${resource.kind}/${object.metadata.name}`);
        return api.apply(resource, object, ...rest);
      },
      mergePatch: (name, patch, ...rest) => {
        note(patch, `${name.resource.kind}/${name.name}`);
        return api.mergePatch(name, patch, ...rest);
      },
      delete: async (name, options, signal) => {
        const done = await api.delete(name, options, signal).catch((error: unknown) => {
          deletes.push({ name, options, done: false });
          throw error;
        });
        deletes.push({ name, options, done });
        return done;
      },
    },
  };
}

const LASTING = ["PersistentVolumeClaim", "Secret", "StatefulSet", "Deployment", "Service", "ConfigMap", "HTTPRoute"];

function lasting(cluster: SimulatedCluster): readonly string[] {
  return LASTING.flatMap((kind) => cluster.api.all(kind)).map(
    ({ kind, metadata }: KubeObject) => `${kind}/${metadata.name} ${metadata.uid ?? ""}`,
  );
}

// B2: whoever starts anew may be answered by a server that is behind. Seed: the version he sees, and for how long.
describe("an engine that begins with reads from the past", () => {
  it(
    "destroys nothing, whichever moment it sees, and the next one finds all as it should be",
    async () => {
      const { first, last } = await withPast();
      const seen = Array.from({ length: MOMENTS }, (_, index) => first + Math.floor(((last - first) * index) / (MOMENTS - 1)));
      for (const [seed, at] of seen.entries()) {
        const { cluster } = await withPast();
        const message = `seed ${String(seed)}, version ${String(at)} of ${String(last)}`;
        const before = lasting(cluster);
        const witness = seeing(cluster, at, randomFrom(seed));
        await bring(simulatedEngine(cluster, witness.api), siteThat("two", true)).catch(() => undefined);
        const gone = witness.deletes.filter(({ name, done }) => done && LASTING.includes(name.resource.kind));
        expect([gone, witness.emptied], message).toEqual([[], []]);
        expect(witness.deletes.filter(({ options: { preconditions } }) => preconditions.resourceVersion === undefined)).toEqual([]);
        expect(lasting(cluster), message).toEqual(before);
        const next = simulatedEngine(cluster);
        await bring(next, siteThat("two", true));
        expect(cluster.askService("alpha", "tiny"), message).toBe("two");
        expect((await next.observe("alpha")).workloads.filter(({ ready, wanted }) => ready !== wanted)).toEqual([]);
      }
    },
    PATIENCE_MS,
  );
});
