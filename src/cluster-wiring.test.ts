import { expect, it } from "vitest";
import { readClusterSettings, wireClusterPorts } from "./cluster-wiring.ts";
import { Secret } from "./kernel/secret.ts";
import type { KubernetesApi } from "./kubernetes/kubernetes-api.ts";
import { resources } from "./kubernetes/resources.ts";
import { memoryApi } from "./kubernetes/testing/memory-api.ts";

it("asks a site that wants a password with that password", async () => {
  const asked: Parameters<KubernetesApi["askPod"]>[] = [];
  const api: KubernetesApi = {
    ...memoryApi(),
    askPod: async (...given) => {
      asked.push(given);
      return { status: 200, headers: {}, body: "page" };
    },
  };
  const labels = { "app.kubernetes.io/component": "web", "howdah.dev/role": "serve" };
  const place = { resource: resources.Pod, namespace: "shop--review", name: "web-1" };
  await api.create(resources.Pod, {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "web-1", namespace: "shop--review", labels },
    spec: {},
  });
  await api.mergePatch(place, { status: { conditions: [{ type: "Ready", status: "True" }] } }, { subresource: "status" });
  const portsFor = wireClusterPorts({ api, ...(await readClusterSettings(api)), stateDirectory: "", outside: false });
  const options = { host: "review.shop.test", connect: { address: "127.0.0.1", port: 80 }, timeoutMs: 1000 };
  const { http } = portsFor("shop--review");
  await http.get("http://review.shop.test/up", { ...options, authorization: new Secret("Basic abc", "test") });
  await http.get("http://review.shop.test/up", options);
  expect(asked.map(([, { headers }]) => headers)).toEqual([
    { host: "review.shop.test", "x-forwarded-proto": "http", "user-agent": "howdah-health", authorization: "Basic abc" },
    { host: "review.shop.test", "x-forwarded-proto": "http", "user-agent": "howdah-health" },
  ]);
});
