import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connectCluster } from "./create-kubernetes-api.ts";
import { resources } from "./resources.ts";
import { configMap, type SeenRequest } from "./testing/fake-api-server.ts";
import { type FakeRig, fakeRig, named } from "./testing/fake-client.ts";

const collection = "/api/v1/namespaces/blog/configmaps";
let rig: FakeRig;
let fake: FakeRig["fake"];
let clock: FakeRig["clock"];
let api: FakeRig["api"];
beforeEach(async () => {
  rig = await fakeRig();
  ({ fake, clock, api } = rig);
});
afterEach(() => rig.close());

/** Fails the first `times` requests. */
function failing(
  times: number,
  status: number,
  headers: Record<string, string> = {},
): (request: SeenRequest) => { kind: "answer"; status: number; headers: Record<string, string> } | undefined {
  let left = times;
  return () => (left-- > 0 ? { kind: "answer", status, headers } : undefined);
}

describe("requests", () => {
  it("shows the context's token and who asks", async () => {
    await api.get(named("a"));
    expect(fake.seen[0]?.headers).toMatchObject({ authorization: "Bearer the-token", "user-agent": "howdah/test" });
  });

  it("keeps fields that it does not know", async () => {
    fake.objects.put(collection, { ...configMap("a"), spec: { brandNew: { deep: [1, { x: true }] } } });
    await expect(api.get(named("a"))).resolves.toMatchObject({ spec: { brandNew: { deep: [1, { x: true }] } } });
  });

  it("answers undefined for an object that is not there", async () => {
    await expect(api.get(named("a"))).resolves.toBeUndefined();
  });

  it("lists all pages, and says of each object what it is", async () => {
    for (let i = 0; i < 25; i += 1) fake.objects.put(collection, configMap(`m${String(i)}`));
    fake.objects.page = 10;
    const { items, resourceVersion } = await api.list(resources.ConfigMap, { namespace: "blog" });
    expect(items).toHaveLength(25);
    expect(items[24]).toMatchObject({ apiVersion: "v1", kind: "ConfigMap" });
    expect(resourceVersion).toBe(String(fake.objects.version));
    expect(fake.seen).toHaveLength(3);
  });

  it("reads everything anew when the server forgets where a page goes on", async () => {
    for (let i = 0; i < 25; i += 1) fake.objects.put(collection, configMap(`m${String(i)}`));
    fake.objects.page = 10;
    let asked = 0;
    fake.fault = () => {
      asked += 1;
      if (asked === 2) {
        fake.objects.remove(collection, "m0");
        fake.objects.compact();
      }
      return undefined;
    };
    const { items } = await api.list(resources.ConfigMap, { namespace: "blog" });
    expect(items.map(({ metadata }) => metadata.name)).toEqual(Array.from({ length: 24 }, (_, i) => `m${String(i + 1)}`));
  });

  it("applies with one manager, strictly, as YAML that is JSON", async () => {
    await api.apply(resources.ConfigMap, configMap("a", { text: "x\u2028y\u0085z 😀 \ud83d" }));
    const [request] = fake.seen;
    expect(request).toMatchObject({
      method: "PATCH",
      path: `${collection}/a`,
      query: { fieldManager: "howdah", force: "true", fieldValidation: "Strict" },
      headers: { "content-type": "application/apply-patch+yaml" },
    });
    expect(request?.body).toContain(String.raw`x\u2028y\u0085z 😀 \ud83d`);
  });

  it("asks for a judgement only, on a dry run", async () => {
    await api.apply(resources.ConfigMap, configMap("a"), { dryRun: true, force: false, fieldManager: "somebody" });
    expect(fake.seen[0]?.query).toMatchObject({ dryRun: "All", force: "false", fieldManager: "somebody" });
  });

  it("deletes only what it was decided on", async () => {
    const { metadata } = fake.objects.put(collection, configMap("a"));
    const uid = metadata.uid ?? "";
    await expect(api.delete(named("a"), { preconditions: { uid: "another" } })).rejects.toMatchObject({ code: "cluster/conflict" });
    await expect(api.delete(named("a"), { preconditions: { uid, resourceVersion: "1" } })).rejects.toMatchObject({
      code: "cluster/conflict",
    });
    await expect(api.delete(named("a"), { preconditions: { uid } })).resolves.toBe(true);
    await expect(api.delete(named("a"), { preconditions: { uid } })).resolves.toBe(false);
  });

  it("says the version without additions", async () => {
    await expect(api.version()).resolves.toBe("1.34");
  });
});

describe("what may pass", () => {
  it("comes again when the server says, not earlier", async () => {
    fake.fault = failing(1, 429, { "retry-after": "3" });
    await api.get(named("a"));
    expect(fake.seen).toHaveLength(2);
    expect(clock.waits).toContain(3000);
  });

  it("gives up at once when the server asks for more time than there is", async () => {
    fake.fault = failing(100, 429, { "retry-after": "3600" });
    await expect(api.get(named("a"))).rejects.toMatchObject({ code: "cluster/failed" });
    expect(fake.seen).toHaveLength(1);
  });

  it.each([
    ["a read after 503", () => api.get(named("a")), failing(2, 503), 3],
    ["an apply after 503", () => api.apply(resources.ConfigMap, configMap("a")), failing(2, 503), 3],
    ["a create after 429, which was not begun", () => api.create(resources.ConfigMap, configMap("a")), failing(2, 429), 3],
  ])("repeats %s", async (_name, work, fault, times) => {
    fake.fault = fault;
    await work();
    expect(fake.seen).toHaveLength(times);
  });

  it.each([
    ["a create after 503", () => api.create(resources.ConfigMap, configMap("a")), failing(2, 503), "cluster/failed"],
    ["an apply after 500", () => api.apply(resources.ConfigMap, configMap("a")), failing(2, 500), "cluster/failed"],
    ["a read after 403", () => api.get(named("a")), failing(2, 403), "cluster/rejected"],
  ])("does not repeat %s", async (_name, work, fault, code) => {
    fake.fault = fault;
    await expect(work()).rejects.toMatchObject({ code });
    expect(fake.seen).toHaveLength(1);
  });

  it("repeats a read whose connection breaks", async () => {
    let left = 1;
    fake.fault = () => (left-- > 0 ? { kind: "reset" } : undefined);
    await expect(api.get(named("a"))).resolves.toBeUndefined();
  });

  it("gives up after its patience when nobody listens, and says who does not", async () => {
    await fake.close();
    await expect(api.get(named("a"))).rejects.toMatchObject({
      code: "cluster/unreachable",
      message: `${fake.url} refuses the connection`,
    });
  });

  it("ends with the caller's signal while nobody answers", async () => {
    const stop = new AbortController();
    fake.fault = () => {
      stop.abort();
      return { kind: "silent" };
    };
    await expect(api.get(named("a"), stop.signal)).rejects.toMatchObject({ code: "cancelled" });
  });

  it("ends by itself while nobody answers", async () => {
    fake.fault = () => ({ kind: "silent" });
    const impatient = await connectCluster({
      access: { kind: "kubeconfig", files: [fake.kubeconfig], context: undefined },
      clock,
      random: () => 1,
      userAgent: "howdah/test",
      deadlineMs: 20, // shorter than what the clock makes eternal
    });
    await expect(impatient.api.get(named("a"))).rejects.toMatchObject({ code: "cluster/unreachable" });
    impatient.api.close();
  });
});

it("asks whether it may write right before each try to write, and never before it reads", async () => {
  let may = 2;
  const { api: fenced } = await connectCluster({
    access: { kind: "kubeconfig", files: [fake.kubeconfig], context: undefined },
    clock,
    random: () => 1,
    userAgent: "howdah/test",
    beforeWrite: () => {
      may -= 1;
      if (may < 0) throw new Error("no longer the leader");
    },
  });
  await fenced.get(named("a"));
  await fenced.apply(resources.ConfigMap, configMap("a"));
  fake.fault = failing(5, 503);
  await expect(fenced.apply(resources.ConfigMap, configMap("a"))).rejects.toThrow("no longer the leader");
  fenced.close();
  expect(fake.seen.map(({ method }) => method)).toEqual(["GET", "PATCH", "PATCH"]);
});
