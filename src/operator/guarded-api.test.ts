import { expect, it } from "vitest";
import { HowdahError } from "../kernel/howdah-error.ts";
import { resources } from "../kubernetes/resources.ts";
import { memoryApi } from "../kubernetes/testing/memory-api.ts";
import { guardedApi } from "./guarded-api.ts";

const quota = (pods: string) => ({
  apiVersion: "v1",
  kind: "ResourceQuota",
  metadata: { name: "q", namespace: "acme" },
  spec: { hard: { pods } },
});

it("sends an apply once, again when it is another, and again when somebody changed the object", async () => {
  const api = memoryApi();
  let sent = 0;
  const guarded = guardedApi({ ...api, apply: (...given) => ((sent += 1), api.apply(...given)) }, () => undefined, {
    count: () => undefined,
  });
  const apply = async (pods: string): Promise<number> => {
    await guarded.apply(resources.ResourceQuota, quota(pods));
    return sent;
  };
  expect([await apply("1"), await apply("1"), await apply("2")]).toEqual([1, 1, 2]);
  await api.mergePatch({ resource: resources.ResourceQuota, namespace: "acme", name: "q" }, { spec: { hard: { pods: "9" } } });
  expect([await apply("2"), await apply("2")]).toEqual([3, 3]);
});

it("sends an apply again when somebody filled what it wants empty", async () => {
  const api = memoryApi();
  const policy = {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: { name: "default-deny", namespace: "acme" },
    spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
  };
  const guarded = guardedApi(api, () => undefined, { count: () => undefined });
  await guarded.apply(resources.NetworkPolicy, policy);
  const name = { resource: resources.NetworkPolicy, namespace: "acme", name: "default-deny" };
  api.edit(name, { spec: { podSelector: { matchLabels: { app: "none" } } } });
  await guarded.apply(resources.NetworkPolicy, policy);
  expect(await api.get(name)).toMatchObject({ spec: { podSelector: {} } });
  expect(JSON.stringify(await api.get(name))).not.toContain("none");
});

it("writes nothing when this process no longer leads, and reads all the same", async () => {
  const api = memoryApi();
  const lost = (): never => {
    throw new HowdahError("cluster/conflict", "the lease is lost");
  };
  const guarded = guardedApi(api, lost, { count: () => undefined });
  await expect(guarded.apply(resources.ResourceQuota, quota("1"))).rejects.toMatchObject({ code: "cluster/conflict" });
  await expect(guarded.create(resources.ResourceQuota, quota("1"))).rejects.toMatchObject({ code: "cluster/conflict" });
  expect(await guarded.list(resources.ResourceQuota)).toMatchObject({ items: [] });
  expect(api.writes).toEqual([]);
});
