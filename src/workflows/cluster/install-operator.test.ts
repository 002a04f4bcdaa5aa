import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resourceOf, resources } from "../../kubernetes/resources.ts";
import { ManualClock } from "../../kubernetes/testing/manual-clock.ts";
import { type MemoryApi, memoryApi } from "../../kubernetes/testing/memory-api.ts";
import { operatorObjects, ownNamespace, settingsMap } from "../../resources/install/operator-objects.ts";
import { uninstallOperator } from "./install-operator.ts";

const context = { emit: () => undefined, signal: new AbortController().signal };
const deployment: ObjectName = { resource: resources.Deployment, namespace: "howdah-system", name: "howdah-operator" };

/** A cluster with an operator whose pods take their time: as with foreground deletion the Deployment stays until they are gone. */
async function installed(): Promise<MemoryApi> {
  const api = memoryApi();
  const parts = operatorObjects({ image: "example.org/howdah/operator@sha256:0", pullSecret: null, settings: "{}" });
  for (const object of [ownNamespace(), settingsMap("{}"), ...parts] as unknown as readonly KubeObject[]) {
    const resource = resourceOf(object);
    if (resource !== undefined) await api.apply(resource, object);
  }
  api.edit(deployment, { metadata: { finalizers: ["foregroundDeletion"] } });
  return api;
}

async function turns(): Promise<void> {
  for (let each = 0; each < 50; each += 1) await turn();
}

describe("the operator is taken out of a cluster", () => {
  it("pods first: what lets them give their lease back stays until they are gone", async () => {
    const [api, clock] = [await installed(), new ManualClock()];
    const done = uninstallOperator(api, { clock }, context);
    await turns();
    expect(api.all("Deployment")).toHaveLength(1);
    expect(api.all("ClusterRole").map(({ metadata }) => metadata.name)).toContain("howdah-operator");
    api.edit(deployment, { metadata: { finalizers: null } });
    for (let left = 0; left < 20; left += 1) await clock.advance(500);
    expect(await done).toEqual(expect.arrayContaining(["Deployment/howdah-operator", "ServiceAccount/howdah-operator"]));
    expect([...api.all("Deployment"), ...api.all("ClusterRole"), ...api.all("ServiceAccount")]).toEqual([]);
    expect([...api.all("Namespace"), ...api.all("ConfigMap")]).toHaveLength(2);
    expect(await uninstallOperator(api, { clock }, context)).toEqual([]);
  });

  it("says what does not go, and what to look at", async () => {
    const [api, clock] = [await installed(), new ManualClock()];
    const done = uninstallOperator(api, { clock }, context).catch((error: unknown) => error);
    await turns();
    await clock.advance(301_000);
    const error = await done;
    expect(error).toBeInstanceOf(HowdahError);
    expect(error).toMatchObject({ code: "cluster/failed", message: "Deployment/howdah-operator is deleted, but still there" });
  });
});
