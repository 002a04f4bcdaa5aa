import { expect, it } from "vitest";
import type { KubernetesApi } from "../kubernetes/kubernetes-api.ts";
import { resources } from "../kubernetes/resources.ts";
import { ManualClock } from "../kubernetes/testing/manual-clock.ts";
import { memoryApi } from "../kubernetes/testing/memory-api.ts";
import { oneReading } from "./one-reading.ts";

const { ConfigMap } = resources;
const place = (name: string) => ({ resource: ConfigMap, namespace: "blog", name });
const map = (name: string, value: string) => ({
  ...{ apiVersion: "v1", kind: "ConfigMap", data: { value } },
  metadata: { name, namespace: "blog", labels: { ours: "yes" } },
});

/** A look at a server with two maps, and what it asked of the server. */
async function rig() {
  const server = memoryApi();
  for (const name of ["one", "two"]) await server.create(ConfigMap, map(name, "before"));
  const asked: string[] = [];
  const counting: KubernetesApi = {
    ...server,
    get: (...given) => (asked.push(`get ${given[0].name}`), server.get(...given)),
    list: (...given) => (asked.push("list"), server.list(...given)),
    watch: (...given) => server.watch(...given),
    askPod: async () => ({ status: 200, body: "" }) as Awaited<ReturnType<KubernetesApi["askPod"]>>,
  };
  const clock = new ManualClock();
  const { api, clock: slept, forget } = oneReading(counting, clock);
  const value = async (name: string): Promise<unknown> => ((await api.get(place(name)))?.["data"] as { value?: string } | undefined)?.value;
  return { server, api, clock, slept, forget, value, taken: () => asked.splice(0) };
}

it("asks once for what is read several times in a row, also for what is not there", async () => {
  const { api, value, taken } = await rig();
  for (let time = 0; time < 3; time += 1) {
    await Promise.all([value("one"), value("none")]);
    await api.list(ConfigMap, { namespace: "blog" });
  }
  expect(taken()).toEqual(["get one", "get none", "list"]);
});

it("does not ask by its name for what a list has brought, but for what that left out", async () => {
  const { api, value, taken } = await rig();
  await api.list(ConfigMap, { namespace: "blog", labelSelector: "ours=yes" });
  expect([await value("one"), await value("none")]).toEqual(["before", undefined]);
  expect(taken()).toEqual(["list", "get none"]);
});

it("keeps what it has read when an apply changed nothing", async () => {
  const { api, value, taken } = await rig();
  await api.list(ConfigMap, { namespace: "blog" });
  await api.apply(ConfigMap, map("one", "before"));
  await api.apply(ConfigMap, map("one", "before"));
  taken();
  await api.list(ConfigMap, { namespace: "blog" });
  await api.apply(ConfigMap, map("one", "before"));
  expect(await value("two")).toBe("before");
  expect(taken()).toEqual(["list"]);
  await api.apply(ConfigMap, map("one", "after"));
  expect(await value("one")).toBe("after");
  expect(taken()).toEqual(["get one"]);
});

type Rig = Awaited<ReturnType<typeof rig>>;
it.each<{ name: string; act: (rig: Rig) => unknown }>([
  { name: "it has written", act: ({ api }) => api.mergePatch(place("two"), { data: { value: "after" } }) },
  { name: "a write of it failed", act: ({ api }) => api.create(ConfigMap, map("two", "after")).catch(() => undefined) },
  {
    name: "it has asked a pod",
    act: ({ api }) => api.askPod({ namespace: "blog", name: "web", port: 80 }, { path: "/", headers: {}, timeoutMs: 1 }),
  },
  { name: "it has waited", act: ({ slept, clock }) => Promise.all([slept.sleep(500), clock.advance(500)]) },
  { name: "it took long", act: ({ clock }) => clock.advance(2000) },
  { name: "the clock was set back", act: ({ clock }) => clock.set(clock.now() - 1000) },
  { name: "it follows a watch", act: ({ api }) => void api.watch(ConfigMap, { from: "1", timeoutSeconds: 1 }, AbortSignal.abort()) },
])("reads anew once $name", async ({ act }) => {
  const one = await rig();
  await one.api.list(ConfigMap, { namespace: "blog" });
  expect(await one.value("one")).toBe("before");
  await one.server.mergePatch(place("one"), { data: { value: "after" } });
  expect(await one.value("one")).toBe("before");
  await act(one);
  expect(await one.value("one")).toBe("after");
});

it("keeps nothing that was asked for before a write and answered after it", async () => {
  const { api, server, value } = await rig();
  const early = api.list(ConfigMap, { namespace: "blog" });
  await api.mergePatch(place("two"), { data: { value: "after" } });
  await early;
  await server.mergePatch(place("one"), { data: { value: "after" } });
  expect(await value("one")).toBe("after");
});

it("asks anew for what was read before somebody else had his turn", async () => {
  const { value, forget, taken } = await rig();
  await value("one");
  forget();
  await value("one");
  expect(taken()).toEqual(["get one", "get one"]);
});
