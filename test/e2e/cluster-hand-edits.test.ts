import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { editedByOthers } from "../../src/engine/kubernetes/drift.ts";
import type { EngineState } from "../../src/engine/kubernetes/engine-state.ts";
import { nameOf } from "../../src/engine/kubernetes/own-objects.ts";
import { place } from "../../src/engine/kubernetes/place.ts";
import { connectCluster } from "../../src/kubernetes/create-kubernetes-api.ts";
import type { KubeObject, KubernetesApi } from "../../src/kubernetes/kubernetes-api.ts";
import { completeForCluster } from "../../src/render/cluster/complete-for-cluster.ts";
import { clusterInput, variants } from "../../src/render/cluster/testing/variants.ts";
import type { Rendered } from "../../src/render/objects.ts";
import { renderSite } from "../../src/render/site/render-site.ts";
import { editByHand } from "../support/edit-by-hand.ts";
import { randomFrom } from "../support/seeded-random.ts";
import { systemClock } from "../support/system-clock.ts";
import { runningCluster, whyNoCluster } from "../support/test-cluster.ts";

const skip = await whyNoCluster();
const VARIANTS = ["growing", "apart", "workers", "ingress", "writable"];
/** Of each variant. `HOWDAH_HAND_EDITS=200 HOWDAH_SEED=7` is a long form, with other edits. */
const EDITS = Number(process.env["HOWDAH_HAND_EDITS"] ?? 5);
const SEED = Number(process.env["HOWDAH_SEED"] ?? 1);
const state: EngineState = { version: 1, down: false, claims: [] };

/**
 * B9 on a real API server, whose own record of who owns what decides: whatever a person changes of a rendered object is found, gone when it is
 * applied again, and nothing is ever found that nobody changed. (Every kind; that the operator looks in time is in operator-faults.test.ts.)
 */
describe.skipIf(skip !== undefined)(`edits by hand on a real API server${skip === undefined ? "" : ` (${skip})`}`, () => {
  const cluster = runningCluster();
  let api: KubernetesApi;

  beforeAll(async () => {
    const access = { kind: "kubeconfig", files: [cluster.kubeconfig], context: undefined } as const;
    const rate = { perSecond: 1000, burst: 1000 };
    ({ api } = await connectCluster({ access, clock: systemClock, random: Math.random, userAgent: "howdah/test", rate }));
    // No pod comes of it.
    await cluster.apply(
      VARIANTS.map(namespaceOf).flatMap((namespace) => [
        { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } },
        { apiVersion: "v1", kind: "ResourceQuota", metadata: { name: "none", namespace }, spec: { hard: { pods: "0" } } },
      ]),
    );
  });
  afterAll(async () => {
    await cluster.kubectl(["delete", "namespace", ...VARIANTS.map(namespaceOf), "--ignore-not-found", "--wait=false"]);
    api?.close();
  });

  it.each(VARIANTS)("finds and undoes what somebody changes of %s", async (name) => {
    const namespace = namespaceOf(name);
    const random = randomFrom(SEED);
    const variant = variants.find((one) => one.name === name);
    if (variant === undefined) throw new Error(`there is no variant ${name}`);
    const settings = { ...variant.settings, namespace, priorityClass: null };
    const desired = renderSite(variant.site, clusterInput(variant.site));
    const complete = (_namespace: string, rendered: Rendered): readonly KubeObject[] => completeForCluster(rendered, settings);
    const names = desired.flatMap((one) => complete(namespace, one)).map(nameOf);
    const read = async (): Promise<readonly KubeObject[]> =>
      (await Promise.all(names.map((one) => api.get(one)))).flatMap((object) => object ?? []);
    const edited = async (): Promise<ReadonlyMap<string, readonly string[]>> =>
      editedByOthers({ complete }, { namespace, state }, desired, await read());
    const placed = (live: readonly KubeObject[], keys: readonly string[]): readonly KubeObject[] =>
      desired
        .filter(({ key }) => keys.includes(key))
        .flatMap((one) => place(complete(namespace, one), one, { ...{ namespace, digest: one.digest, live }, down: false, held: false }));
    const all = desired.map(({ key }) => key);
    const apply = async (keys: readonly string[]): Promise<void> => {
      for (const object of placed(await read(), keys)) await api.apply(nameOf(object).resource, object);
    };
    await apply(all);
    expect([...(await edited())]).toEqual([]);
    const versions = (await read()).filter(isStill).map(({ metadata }) => metadata.resourceVersion);
    await apply(all);
    expect((await read()).filter(isStill).map(({ metadata }) => metadata.resourceVersion)).toEqual(versions);

    let made = 0;
    for (let round = 0; made < EDITS && round < EDITS * 20; round += 1) {
      const objects = await read();
      const object = objects[Math.floor(random() * objects.length)];
      if (object === undefined) throw new Error("nothing was applied");
      // Only what we apply is edited: the server's own defaults are nobody's.
      const ours = placed(objects, all).find(({ kind, metadata }) => kind === object.kind && metadata.name === object.metadata.name);
      const { what, patch } = editByHand(ours ?? object, object, random);
      if (what.endsWith("spec.replicas") || object.kind === "PersistentVolumeClaim") continue;
      const before = object.metadata.resourceVersion;
      const { resource } = nameOf(object);
      const type = resource.group === "" ? resource.plural : `${resource.plural}.${resource.group}`;
      const argv = ["patch", type, object.metadata.name, "--namespace", namespace, "--type=merge", "--patch", JSON.stringify(patch)];
      const { code } = await cluster.kubectl(argv, { accept: "any" });
      if (code !== 0) continue; // what the server refuses can't be done by hand either
      if ((await api.get(nameOf(object)))?.metadata.resourceVersion === before) continue;
      made += 1;
      const found = [...(await edited())];
      const message = `seed ${String(SEED)}, ${what} of ${object.kind}/${object.metadata.name}`;
      expect(found.length, message).toBe(1);
      await apply(found.map(([key]) => key));
      expect([...(await edited())], message).toEqual([]);
    }
    expect(made).toBe(EDITS);
  });
});

function namespaceOf(variant: string): string {
  return `howdah-e2e-edits-${variant}`;
}

/** Controllers write nothing into these. */
function isStill({ kind }: KubeObject): boolean {
  return ["ConfigMap", "Service", "NetworkPolicy"].includes(kind);
}
