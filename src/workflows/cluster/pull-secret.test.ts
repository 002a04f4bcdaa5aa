import { describe, expect, it } from "vitest";
import { wireClusterPorts } from "../../cluster-wiring.ts";
import { memoryApi } from "../../kubernetes/testing/memory-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { defaultClusterSettings } from "../../render/cluster/cluster-settings.ts";
import { operatorObjects, ownNamespace } from "../../resources/install/operator-objects.ts";

const context = { emit: () => undefined, signal: new AbortController().signal };
const wired = { settings: defaultClusterSettings, trustedProxies: [], clusterDomain: "cluster.local", stateDirectory: "", outside: false };

/** A cluster into which the operator came by its plain objects, or by Helm; `registry` is for its own service account. */
async function installed(pullSecret: string | null, there: readonly string[] = []) {
  const api = memoryApi();
  await api.create(resources.Namespace, ownNamespace());
  const dns = { name: "kube-dns", namespace: "kube-system", labels: { "k8s-app": "kube-dns" } };
  await api.create(resources.Service, { apiVersion: "v1", kind: "Service", metadata: dns, spec: { clusterIP: "10.96.0.10" } });
  const account = (name: string, names: readonly string[]) => ({
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: { name, namespace: "howdah-system" },
    ...(names.length === 0 ? {} : { imagePullSecrets: names.map((one) => ({ name: one })) }),
  });
  await api.create(resources.ServiceAccount, account("default", there));
  const own = operatorObjects({ image: "o", pullSecret, settings: "{}" }).find(({ kind }) => kind === "ServiceAccount");
  if (own !== undefined) await api.create(resources.ServiceAccount, own);
  await wireClusterPorts({ ...wired, api })("howdah-system").engine.prepare("howdah-system", context);
  return (await api.get({ resource: resources.ServiceAccount, namespace: "howdah-system", name: "default" }))?.["imagePullSecrets"];
}

describe("the namespace of database servers", () => {
  it.each([
    { name: "nothing", there: [] },
    { name: "somebody's", there: ["theirs"] },
  ])("pulls as the operator does, beside $name", async ({ there }) => {
    expect(await installed("registry", there)).toEqual([...there, "registry"].map((name) => ({ name })));
  });

  it("is left alone where the operator pulls without a Secret", async () => {
    expect(await installed(null)).toBeUndefined();
  });
});
