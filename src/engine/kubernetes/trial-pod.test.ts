import { expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { HEALTH_ANNOTATION } from "../../kernel/label.ts";
import type { KubernetesApi } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { Rendered } from "../../render/objects.ts";
import { tinyDeployment, tinySurroundings } from "../contract-objects.ts";
import type { Engine, EngineContext } from "../engine.ts";
import { behave } from "../testing/behave.ts";
import { type SimulatedCluster, simulatedCluster } from "./testing/simulated-cluster.ts";
import { simulatedEngine } from "./testing/simulated-engine.ts";

const context: EngineContext = { emit: () => undefined, signal: new AbortController().signal };

function page(says: string): Rendered {
  const rendered = tinyDeployment({ image: "test", behave: ["serve", says] });
  const { object } = rendered;
  const annotations = { ...object.metadata.annotations, [HEALTH_ANNOTATION]: "http://alpha.localhost/" };
  return { ...rendered, object: { ...object, metadata: { ...object.metadata, annotations } } };
}

function apply(engine: Engine, desired: Rendered): Promise<void> {
  return engine.apply("alpha", { do: "update", key: desired.key, desired, because: "test" }, context);
}

/** A cluster that takes the first pods of trials away, as a drain or a node's loss does. */
function takingAway(cluster: SimulatedCluster, often: number, at: "start" | "page"): KubernetesApi {
  let left = often;
  const takeAway = async (name: string): Promise<boolean> => {
    if (!name.includes("-trial-") || left === 0) return false;
    left -= 1;
    const pod = cluster.api.all("Pod").find(({ metadata }) => metadata.name === name);
    await cluster.api.delete({ resource: resources.Pod, namespace: "alpha", name }, { preconditions: { uid: pod?.metadata.uid ?? "" } });
    return true;
  };
  return {
    ...cluster.api,
    create: async (...asked) => {
      const made = await cluster.api.create(...asked);
      if (at === "start") await takeAway(made.metadata.name);
      return made;
    },
    askPod: async (...asked) => {
      if (at === "page" && (await takeAway(asked[0].name))) return { status: 500, headers: {}, body: "its database is gone with the node" };
      return cluster.api.askPod(...asked);
    },
  };
}

/** A cluster whose first trial answers no more when it is asked for its page; after seconds it says so of the pod, and after more deletes it. */
function losing(cluster: SimulatedCluster, { unreadyAfter, goneAfter }: { unreadyAfter: number; goneAfter: number }): KubernetesApi {
  let lost: { readonly name: string; readonly at: number } | undefined;
  return {
    ...cluster.api,
    askPod: async (...asked) => {
      lost ??= { name: asked[0].name, at: cluster.clock.now() };
      if (asked[0].name !== lost.name) return cluster.api.askPod(...asked);
      const name = { resource: resources.Pod, namespace: "alpha", name: lost.name };
      const seconds = (cluster.clock.now() - lost.at) / 1000;
      const status = { conditions: [{ type: "Ready", status: "Unknown" }] };
      if (seconds >= unreadyAfter) await cluster.api.mergePatch(name, { status }, { subresource: "status" });
      if (seconds >= goneAfter)
        await cluster.api.delete(name, { preconditions: { uid: (await cluster.api.get(name))?.metadata.uid ?? "" } });
      throw new Error("no route to host");
    },
  };
}

/** Deploys a page and then another; answers why the second was refused, undefined when it serves. */
async function failureOfSecond(engine: Parameters<typeof apply>[0]): Promise<unknown> {
  await engine.prepare("alpha", context);
  for (const object of tinySurroundings("alpha.localhost")) await apply(engine, object);
  await apply(engine, page("one"));
  const failure = await apply(engine, page("two")).catch((error: unknown) => error);
  return failure instanceof HowdahError ? failure.code : failure;
}

it.each<{ name: string; seconds: { unreadyAfter: number; goneAfter: number }; serves: string; code: string | undefined }>([
  { name: "is made again once its lost node is known", seconds: { unreadyAfter: 45, goneAfter: 80 }, serves: "two", code: undefined },
  { name: "is not well while it is ready", seconds: { unreadyAfter: 999, goneAfter: 999 }, serves: "one", code: "site/unhealthy" },
  { name: "is not well when nobody takes it away", seconds: { unreadyAfter: 45, goneAfter: 999 }, serves: "one", code: "site/unhealthy" },
])("a trial's pod that no longer answers $name", async ({ seconds, serves, code }) => {
  const cluster = await simulatedCluster(behave);
  expect(await failureOfSecond(simulatedEngine(cluster, losing(cluster, seconds)))).toBe(code);
  expect(cluster.askService("alpha", "tiny")).toBe(serves);
});

it.each<{ name: string; taken: number; at: "start" | "page"; serves: string; code: string | undefined }>([
  { name: "is made again when its node is drained while it starts", taken: 1, at: "start", serves: "two", code: undefined },
  { name: "is made again when it goes while it is asked for its page", taken: 2, at: "page", serves: "two", code: undefined },
  { name: "that goes again and again ends with a name", taken: 99, at: "start", serves: "one", code: "engine/not-ready" },
])("a trial's pod $name", async ({ taken, at, serves, code }) => {
  const cluster = await simulatedCluster(behave);
  expect(await failureOfSecond(simulatedEngine(cluster, takingAway(cluster, taken, at)))).toBe(code);
  expect(cluster.askService("alpha", "tiny")).toBe(serves);
  expect(cluster.api.all("Pod").filter(({ metadata }) => metadata.name.includes("trial"))).toEqual([]);
});
