import { describe, expect, it } from "vitest";
import { editByHand } from "../../../test/support/edit-by-hand.ts";
import { randomFrom } from "../../../test/support/seeded-random.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resourceOf } from "../../kubernetes/resources.ts";
import { memoryApi } from "../../kubernetes/testing/memory-api.ts";
import { completeForCluster } from "../../render/cluster/complete-for-cluster.ts";
import { clusterInput, type Variant, variants } from "../../render/cluster/testing/variants.ts";
import type { Rendered } from "../../render/objects.ts";
import { renderSite } from "../../render/site/render-site.ts";
import { editedByOthers } from "./drift.ts";
import type { EngineState } from "./engine-state.ts";
import { mark } from "./marks.ts";
import { nameOf } from "./own-objects.ts";
import { place } from "./place.ts";

const NAMESPACE = "blog";
const state: EngineState = { version: 1, down: false, claims: [] };
const EDITS = 60;
/** Of an item of a list that is merged: what it is found by. */
const RENAMES = /\.\d+\.(name|mountPath|containerPort|port|protocol)$/;

/** What an API server has after a variant was applied. */
async function put({ site, settings }: Variant) {
  const api = memoryApi();
  const desired = renderSite(site, clusterInput(site));
  const complete = (_namespace: string, rendered: Rendered): readonly KubeObject[] =>
    completeForCluster(rendered, { ...settings, namespace: NAMESPACE });
  const live = (): readonly KubeObject[] =>
    [...new Set(desired.flatMap((one) => complete(NAMESPACE, one).map(({ kind }) => kind)))].flatMap((kind) => api.all(kind));
  const placed = (rendered: Rendered): readonly KubeObject[] =>
    place(complete(NAMESPACE, rendered), rendered, {
      ...{ namespace: NAMESPACE, digest: rendered.digest },
      down: false,
      held: false,
      live: live(),
    });
  const apply = async (keys: readonly string[] = desired.map(({ key }) => key)): Promise<void> => {
    for (const one of desired.filter(({ key }) => keys.includes(key))) {
      for (const object of placed(one)) {
        const resource = resourceOf(object);
        if (resource === undefined) throw new Error(object.kind);
        await api.apply(resource, object);
      }
    }
  };
  await apply();
  const edited = () => editedByOthers({ complete }, { namespace: NAMESPACE, state }, desired, live());
  return { api, apply, edited, live };
}

describe("editedByOthers", () => {
  it.each(variants)("finds nothing in $name as it was applied, or applied twice", async (variant) => {
    const { apply, edited } = await put(variant);
    expect([...edited()]).toEqual([]);
    await apply();
    expect([...edited()]).toEqual([]);
  });

  // B9: any value of any object, at random from a seed.
  it.each(variants.map((variant, seed) => ({ ...variant, seed })))(
    "finds each edit of $name and it is gone when applied again",
    async (variant) => {
      const random = randomFrom(variant.seed);
      let { api, apply, edited, live } = await put(variant);
      const before = live().map(content);
      for (let round = 0; round < EDITS; round += 1) {
        const objects = live();
        const object = objects[Math.floor(random() * objects.length)];
        if (object === undefined) throw new Error("nothing was applied");
        const { what, patch } = editByHand(object, object, random);
        if (decidedByOthers(object, what, objects)) continue;
        api.edit(nameOf(object), patch);
        const found = [...edited().keys()];
        expect(found, `seed ${String(variant.seed)}: ${what} of ${object.kind}/${object.metadata.name}`).toHaveLength(1);
        await apply(found);
        expect([...edited()]).toEqual([]);
        // Who renames a container has added one, which is his.
        if (RENAMES.test(what)) ({ api, apply, edited, live } = await put(variant));
        else expect(live().map(content), what).toEqual(before);
      }
    },
  );

  it("says nothing of what others add, and leaves it", async () => {
    const [variant] = variants;
    if (variant === undefined) throw new Error("no variant");
    const { api, apply, edited, live } = await put(variant);
    const web = live().find(({ kind }) => kind === "Deployment") as KubeObject;
    const template = { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": "now" } } };
    api.edit(nameOf(web), { metadata: { labels: { theirs: "yes" } }, spec: { template } });
    expect([...edited()]).toEqual([]);
    await apply();
    expect(live().find(({ kind }) => kind === "Deployment")).toMatchObject({ metadata: { labels: { theirs: "yes" } }, spec: { template } });
  });

  it("names the fields of each", async () => {
    const [variant] = variants;
    if (variant === undefined) throw new Error("no variant");
    const { api, edited, live } = await put(variant);
    const web = live().find(({ kind }) => kind === "Deployment") as KubeObject;
    api.edit(nameOf(web), { spec: { minReadySeconds: 77, revisionHistoryLimit: 99, replicas: 17 } });
    expect([...edited()]).toEqual([[`Deployment/${web.metadata.name}`, expect.arrayContaining(["spec.revisionHistoryLimit"])]]);
  });
});

/** Where an autoscaler is there, replicas are its own; a volume stays where it is; and templates that served are a memory. */
function decidedByOthers({ kind, metadata }: KubeObject, what: string, objects: readonly KubeObject[]): boolean {
  if (kind === "PersistentVolumeClaim") return what.includes(" spec.");
  const scaled = objects.some(
    (one) => one.kind === "HorizontalPodAutoscaler" && JSON.stringify(one["spec"]).includes(`"${metadata.name}"`),
  );
  return (what.endsWith("spec.replicas") && scaled) || what.includes(mark.served);
}

/** What an object says, without the server's own count of it. */
function content({ metadata: { name, labels, annotations }, kind, ...rest }: KubeObject): object {
  const { apiVersion: _version, status: _status, ...said } = rest;
  return { kind, name, labels, annotations, ...said };
}
