import { describe, expect, it } from "vitest";
import { planObjects } from "../../plan/plan-objects.ts";
import type { Rendered } from "../../render/objects.ts";
import { tinyDeployment, tinyStatefulSet, tinySurroundings } from "../contract-objects.ts";
import type { Engine, EngineContext } from "../engine.ts";
import { behave } from "../testing/behave.ts";
import { mortalApi, simulatedEngine } from "./testing/simulated-engine.ts";
import { type SimulatedCluster, simulatedCluster } from "./testing/simulated-cluster.ts";

const context: EngineContext = { emit: () => undefined, signal: new AbortController().signal };
const led: EngineContext = { ...context, reached: () => Promise.resolve() };
const DAY_MS = 86_400_000;
/** Each makes some dozens of clusters; a loaded machine takes long. */
const PATIENCE_MS = 300_000;

const siteThat = (says: string, replicas = 1): readonly Rendered[] => [
  ...tinySurroundings("alpha.localhost"),
  tinyDeployment({ image: "test", behave: ["serve", says], replicas }),
  tinyStatefulSet({ image: "test", behave: ["serve", says] }),
];

/** What a command does: a plan from what is there, performed. */
async function bring(engine: Engine, desired: readonly Rendered[], how: EngineContext = context): Promise<void> {
  await engine.prepare("alpha", how);
  for (const step of planObjects(desired, await engine.inventory("alpha"))) await engine.apply("alpha", step, how);
}

type Work = (engine: Engine) => Promise<void>;

/** From a site that serves "one" to the end of `work`; `again` is what whoever comes next does, `holds` what is true then. */
const cases: readonly {
  readonly name: string;
  readonly work: Work;
  readonly again?: Work;
  readonly serves: string;
  readonly kinds: readonly string[];
}[] = [
  { name: "an update", work: (engine) => bring(engine, siteThat("two")), serves: "two", kinds: ["Deployment", "StatefulSet"] },
  {
    name: "an update with a leader",
    work: (engine) => bring(engine, siteThat("two"), led),
    serves: "two",
    kinds: ["Deployment", "StatefulSet"],
  },
  {
    name: "an update that is undone",
    work: (engine) => bring(engine, siteThat("two")),
    again: (engine) => bring(engine, siteThat("one")),
    serves: "one",
    kinds: ["Deployment", "StatefulSet"],
  },
  { name: "more replicas", work: (engine) => bring(engine, siteThat("one", 3)), serves: "one", kinds: ["Deployment", "StatefulSet"] },
  {
    name: "a workload that is no longer wanted",
    work: (engine) =>
      bring(
        engine,
        siteThat("one").filter(({ key }) => key !== "StatefulSet/store"),
      ),
    serves: "one",
    kinds: ["Deployment"],
  },
  {
    name: "a site that is held and let go",
    work: async (engine) => {
      await engine.hold("alpha", { page: { text: "soon", retryAfter: 1 }, stop: ["store"] }, context);
      await engine.hold("alpha", null, context);
      await engine.scaleUp("alpha", context);
    },
    serves: "one",
    kinds: ["Deployment", "StatefulSet"],
  },
  {
    name: "a site that is stopped and started",
    work: async (engine) => {
      await engine.scaleDown("alpha", context);
      await engine.scaleUp("alpha", context);
    },
    serves: "one",
    kinds: ["Deployment", "StatefulSet"],
  },
  {
    name: "a site that is removed and made again",
    work: async (engine) => {
      await engine.remove("alpha", context);
      await bring(engine, siteThat("two"));
    },
    serves: "two",
    kinds: ["Deployment", "StatefulSet"],
  },
];

async function servingOne(): Promise<SimulatedCluster> {
  const cluster = await simulatedCluster(behave);
  await bring(simulatedEngine(cluster), siteThat("one"));
  return cluster;
}

/** Names of what is left over beside what serves. */
function leftovers(cluster: SimulatedCluster): string[] {
  return ["Pod", "Deployment", "ConfigMap", "Job"]
    .flatMap((kind) => cluster.api.all(kind))
    .filter(({ metadata }) => /trial|once|maintenance/.test(metadata.name))
    .map(({ kind, metadata }) => `${kind}/${metadata.name}`);
}

describe.each(cases)("$name", ({ work, again = work, serves, kinds }) => {
  it.each(["before", "after"] as const)(
    "comes to its end when its process is killed %s any of its writes",
    async (when) => {
      for (let at = 1; ; at++) {
        const cluster = await servingOne();
        const claim = cluster.api.all("PersistentVolumeClaim")[0]?.metadata.uid;
        const api = mortalApi(cluster.api, at, when);
        await work(simulatedEngine(cluster, api)).catch(() => undefined);
        if (!api.died()) {
          expect(at).toBeGreaterThan(1);
          return;
        }
        const next = simulatedEngine(cluster);
        await again(next);
        await cluster.clock.sleep(DAY_MS);
        await next.heal(context);
        expect(cluster.askService("alpha", "tiny"), `killed ${when} write ${String(at)}`).toBe(serves);
        const observed = await next.observe("alpha");
        expect(observed.workloads.map(({ kind }) => kind)).toEqual(kinds);
        expect(observed.workloads.filter(({ ready, wanted }) => ready !== wanted)).toEqual([]);
        expect([...(await next.inventory("alpha")).objects.values()].filter((digest) => digest.includes("unsettled"))).toEqual([]);
        expect(leftovers(cluster)).toEqual([]);
        expect(cluster.api.all("PersistentVolumeClaim")[0]?.metadata.uid).toBe(claim);
      }
    },
    PATIENCE_MS,
  );
});

it("writes nothing when what is there is applied again", async () => {
  const cluster = await servingOne();
  const before = cluster.api.writes.length;
  const engine = simulatedEngine(cluster);
  for (const desired of siteThat("one")) await engine.apply("alpha", { do: "update", key: desired.key, desired, because: "test" }, context);
  await engine.prepare("alpha", context);
  expect(await engine.heal(context)).toEqual([]);
  expect(cluster.api.writes.slice(before).filter((write) => !/^(replace) (Deployment|StatefulSet|Pod)/.test(write))).toEqual([]);
});
