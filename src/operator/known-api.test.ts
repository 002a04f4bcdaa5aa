import { expect, it } from "vitest";
import { HowdahError } from "../kernel/howdah-error.ts";
import type { KubernetesApi, ListOptions, Resource } from "../kubernetes/kubernetes-api.ts";
import { ObjectStore } from "../kubernetes/object-store.ts";
import { resources } from "../kubernetes/resources.ts";
import { memoryApi } from "../kubernetes/testing/memory-api.ts";
import { knownApi, knownIndexes } from "./known-api.ts";

/** An API whose namespaces are watched by a label, and which counts what is asked of the server. */
function known(list?: KubernetesApi["list"]) {
  const server = memoryApi();
  const clock = { now: () => now };
  let now = 0;
  let asked = 0;
  const counting: KubernetesApi = {
    ...server,
    list: (...given) => ((asked += 1), list === undefined ? server.list(...given) : list(...given)),
  };
  const objects = new ObjectStore(knownIndexes);
  const namespaces = { resource: resources.Namespace, select: { labelSelector: "ours" }, objects, synced: () => true };
  const api = knownApi(counting, [namespaces], clock);
  return {
    later: (ms: number) => void (now += ms),
    asks: async (resource: Resource, options: ListOptions, times: number): Promise<number> => {
      asked = 0;
      for (let time = 0; time < times; time += 1) await api.list(resource, options).catch(() => undefined);
      return asked;
    },
  };
}

const gone = (): Promise<never> => Promise.reject(new HowdahError("cluster/not-installed", "no such kind"));

it.each<{ name: string; list?: KubernetesApi["list"] }>([
  { name: "a kind that nobody watches" },
  { name: "a kind that the cluster does not have", list: gone },
])("lists $name once in a while: a cluster whose way in is an Ingress has no routes", async ({ list }) => {
  const { asks, later } = known(list);
  expect(await asks(resources.HTTPRoute, { namespace: "blog" }, 3)).toBe(1);
  expect(await asks(resources.HTTPRoute, { namespace: "shop" }, 3)).toBe(1);
  later(10_000);
  expect(await asks(resources.HTTPRoute, { namespace: "blog" }, 3)).toBe(1);
});

it("lists each time what is watched in part: an event asks for the look, which must see what it is about", async () => {
  const { asks } = known();
  expect(await asks(resources.Namespace, { labelSelector: "theirs" }, 3)).toBe(3);
  expect(await asks(resources.Namespace, { labelSelector: "ours" }, 3)).toBe(0);
});
