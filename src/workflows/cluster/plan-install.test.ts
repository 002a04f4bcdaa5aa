import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resourceOf } from "../../kubernetes/resources.ts";
import { type MemoryApi, memoryApi } from "../../kubernetes/testing/memory-api.ts";
import { operatorObjects, ownNamespace, settingsMap } from "../../resources/install/operator-objects.ts";
import type { InstallSettingsFlags } from "./chosen-settings.ts";
import { type InstallPlan, planInstall } from "./plan-install.ts";

const none: InstallSettingsFlags = { ingressAnnotation: [], readWriteOnce: false, from: [], monitoring: [], privateNetwork: [], trust: [] };
const context = { emit: () => undefined, signal: new AbortController().signal };
const secret = (name: string): KubeObject => ({ apiVersion: "v1", kind: "Secret", metadata: { name, namespace: "howdah-system" } });
const IMAGE = "example.org/howdah/operator@sha256:0";

async function clusterWith(...objects: readonly KubeObject[]): Promise<MemoryApi> {
  const api = memoryApi();
  for (const object of objects) {
    const resource = resourceOf(object);
    if (resource !== undefined) await api.apply(resource, object);
  }
  return api;
}
const plan = (api: MemoryApi, flags: Partial<InstallSettingsFlags> = {}): Promise<InstallPlan> =>
  planInstall({ api, context: "lab", namespace: "default" }, { pullSecret: flags.pullSecret, flags: { ...none, ...flags } }, context);

describe("an installation is planned", () => {
  it("with nothing chosen, on a cluster that has nothing, and nothing is written", async () => {
    const api = await clusterWith();
    expect(await plan(api)).toMatchObject({ settings: "{}", pullSecret: null, former: null });
    expect(api.writes).toEqual([]);
  });

  it("with the image, the pull secret and the settings that are there", async () => {
    const settings = '{"trustedProxies":["10.0.0.0/8"]}';
    const objects = operatorObjects({ image: IMAGE, pullSecret: "registry", settings });
    const api = await clusterWith(ownNamespace(), secret("registry"), settingsMap(settings), ...objects);
    expect(await plan(api)).toMatchObject({ settings, pullSecret: "registry", former: IMAGE });
  });

  it.each<{ name: string; provisioner: string; flags: Partial<InstallSettingsFlags>; settings: object }>([
    {
      name: "in memory where volumes lie on one node",
      provisioner: "rancher.io/local-path",
      flags: {},
      settings: { storage: { sessions: "memory" } },
    },
    { name: "on volumes that other nodes can mount", provisioner: "rbd.csi.ceph.com", flags: {}, settings: {} },
    {
      name: "as somebody says",
      provisioner: "rancher.io/local-path",
      flags: { sessions: "volume" },
      settings: { storage: { sessions: "volume" } },
    },
  ])("with logins $name", async ({ provisioner, flags, settings }) => {
    const metadata = { name: "usual", annotations: { "storageclass.kubernetes.io/is-default-class": "true" } };
    const api = await clusterWith({ apiVersion: "storage.k8s.io/v1", kind: "StorageClass", metadata, provisioner });
    expect(JSON.parse((await plan(api, flags)).settings)).toEqual(settings);
  });

  it.each<{ name: string; flags: Partial<InstallSettingsFlags>; says: string }>([
    { name: "the pull secret", flags: { pullSecret: "registry" }, says: "no Secret howdah-system/registry, which --pull-secret names" },
    { name: "the Gateway", flags: { gateway: "edge/public" }, says: "no Gateway edge/public, which --gateway names" },
    { name: "the StorageClass", flags: { storageClass: "nfs" }, says: "no StorageClass nfs, which --storage-class names" },
    { name: "the PriorityClass", flags: { priorityClass: "sites" }, says: "no PriorityClass sites, which --priority-class names" },
  ])("not when $name is missing", async ({ flags, says }) => {
    const api = await clusterWith();
    await expect(plan(api, flags)).rejects.toMatchObject({ code: "cluster/rejected", message: `There is ${says}` });
    expect(api.writes).toEqual([]);
  });
});
