import { afterAll, beforeAll, expect, it } from "vitest";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { type Fleet, fleet } from "../testing/fleet.ts";
import { decideSite } from "./decide-site.ts";

const NOW = "2026-11-22T00:00:00Z";

let one: Fleet;
let site: KubeObject;
let release: KubeObject;
beforeAll(async () => {
  one = await fleet();
  await one.makeSites(["site-1"]);
  await one.rest();
  const found = async (kind: "Site" | "Release", name: string): Promise<KubeObject> =>
    (await one.api.get({ resource: resources[kind], namespace: "site-1", name })) as KubeObject;
  release = await found("Release", "r1");
  site = changed(await found("Site", "blog"));
});
afterAll(async () => {
  await one.stop();
});

/** A person asks for more replicas, with kubectl, after everything else. */
function changed(object: KubeObject): KubeObject {
  const managed = { manager: "kubectl", operation: "Apply", time: "2099-01-01T00:00:00Z", fieldsV1: { "f:spec": { "f:scale": {} } } };
  const spec = { ...(object["spec"] as object), scale: { replicas: 7 } };
  return { ...object, spec, metadata: { ...object.metadata, managedFields: [managed] } } as unknown as KubeObject;
}

/** A release that somebody wrote by hand; the API server takes whatever a site may once have been. */
function damaged(name: string, more: object): KubeObject {
  return { ...release, metadata: { ...release.metadata, name }, spec: { ...(release["spec"] as object), ...more } };
}

const releasesOf = (...releases: readonly KubeObject[]) =>
  decideSite({ site, sites: [site], releases, environment: undefined }, NOW).release;

it("makes a release of a changed Site from the one before", () => {
  expect(releasesOf(release)).toMatchObject({
    id: "r2",
    spec: { site: { scale: { replicas: 7 } }, why: "The Site was changed by kubectl" },
  });
});

it.each<[string, object]>([
  ["whose site is none", { site: {} }],
  ["whose site has no hooks", { site: { stage: "resolved", hooks: "x" } }],
  ["without images", { images: null }],
])("does not build on a damaged release %s: on the newest that is sound", (_, more) => {
  expect(releasesOf(damaged("r2", more), release)).toMatchObject({
    id: "r3",
    spec: { images: (release["spec"] as { images: object }).images },
  });
  expect(releasesOf(damaged("r1", more))).toBeNull();
});
