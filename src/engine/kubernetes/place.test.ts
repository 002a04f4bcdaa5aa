import { describe, expect, it } from "vitest";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { bytesOf } from "../../kubernetes/quantity.ts";
import { tinyDeployment, tinySurroundings } from "../contract-objects.ts";
import { inventoryOf } from "./inventory.ts";
import { mark, ownedLabels } from "./marks.ts";
import { type Placing, place } from "./place.ts";

const desired = tinyDeployment({ image: "site:1", behave: ["serve", "x"], replicas: 2 });
const deployment = desired.object as unknown as KubeObject;
const autoscaler: KubeObject = {
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "tiny" },
  spec: { minReplicas: 2, maxReplicas: 6 },
};
const placing: Placing = { namespace: "blog", digest: "d1", down: false, held: false, live: [] };
const liveAt = (replicas: number): KubeObject => ({
  ...deployment,
  metadata: { ...deployment.metadata, labels: ownedLabels },
  spec: { ...(deployment["spec"] as object), replicas },
});

describe("place", () => {
  it.each<{ name: string; completed: KubeObject[]; live: KubeObject[]; down: boolean; replicas: number }>([
    { name: "wants what is rendered", completed: [deployment], live: [], down: false, replicas: 2 },
    {
      name: "wants what is rendered, whatever somebody scaled it to",
      completed: [deployment],
      live: [liveAt(9)],
      down: false,
      replicas: 2,
    },
    { name: "leaves an autoscaler its decision", completed: [deployment, autoscaler], live: [liveAt(5)], down: false, replicas: 5 },
    {
      name: "keeps an autoscaler's decision within its bounds",
      completed: [deployment, autoscaler],
      live: [liveAt(9)],
      down: false,
      replicas: 6,
    },
    {
      name: "starts an autoscaled workload that was stopped",
      completed: [deployment, autoscaler],
      live: [liveAt(0)],
      down: false,
      replicas: 2,
    },
    { name: "wants nothing in a stopped namespace", completed: [deployment], live: [liveAt(2)], down: true, replicas: 0 },
  ])("$name", ({ completed, live, down, replicas }) => {
    const [placed] = place(completed, desired, { ...placing, live, down });
    expect(placed?.["spec"]).toMatchObject({ replicas });
    expect(placed?.metadata.annotations?.[mark.replicas]).toBe("2");
  });

  it("puts the role into templates and Services, and nothing else into what selects", () => {
    const [placed] = place([deployment], desired, placing);
    expect(placed?.["spec"]).toMatchObject({
      selector: desired.object.spec.selector,
      template: { metadata: { labels: { [mark.role]: "serve" } } },
    });
    const service = tinySurroundings("x").find(({ key }) => key.startsWith("Service/"));
    if (service === undefined) throw new Error("no service");
    const [led] = place([service.object as unknown as KubeObject], service, placing);
    expect(led?.["spec"]).toMatchObject({ selector: { "app.kubernetes.io/name": "tiny", [mark.role]: "serve" } });
  });

  it("leaves a held site's Service where it leads", () => {
    const service = tinySurroundings("x").find(({ key }) => key.startsWith("Service/"));
    if (service === undefined) throw new Error("no service");
    const held = { ...service.object, spec: { ...service.object, selector: { [mark.role]: "maintenance" } } } as unknown as KubeObject;
    const [led] = place([service.object as unknown as KubeObject], service, { ...placing, held: true, live: [held] });
    expect(led?.["spec"]).toMatchObject({ selector: { [mark.role]: "maintenance" } });
  });

  it.each([
    { has: "10Gi", asks: "20Gi", gets: "20Gi" },
    { has: "20Gi", asks: "10Gi", gets: "20Gi" },
    { has: "1e9", asks: "10Mi", gets: "1e9" },
  ])("lets a claim of $has that asks for $asks have $gets, where it is", ({ has, asks, gets }) => {
    const [claim] = tinySurroundings("x");
    if (claim === undefined) throw new Error("no claim");
    const spec = (storage: string, more: object = {}): object => ({ ...more, resources: { requests: { storage } } });
    const live = { ...claim.object, spec: spec(has, { storageClassName: "fast", volumeName: "pv-1" }) } as unknown as KubeObject;
    const wanted = { ...claim.object, spec: spec(asks, { storageClassName: "slow" }) } as unknown as KubeObject;
    const [placed] = place([wanted], claim, { ...placing, live: [live] });
    expect(placed?.["spec"]).toEqual(spec(gets, { storageClassName: "fast", volumeName: "pv-1" }));
  });

  it("counts only pods that serve for a disruption budget", () => {
    const spec = { maxUnavailable: 1, selector: { matchLabels: { a: "b" } } };
    const [placed] = place([{ apiVersion: "policy/v1", kind: "PodDisruptionBudget", metadata: { name: "tiny" }, spec }], desired, placing);
    expect(placed?.["spec"]).toEqual({ ...spec, selector: { matchLabels: { a: "b", [mark.role]: "serve" } } });
  });
});

describe("inventoryOf", () => {
  const state = { version: 1, down: false, claims: [] } as const;
  const parts = place([deployment, autoscaler], desired, placing);
  const [first, second] = parts as [KubeObject, KubeObject];
  const withDigest = (object: KubeObject, digest: string): KubeObject => ({
    ...object,
    metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, [mark.digest]: digest } },
  });
  it.each<{ name: string; objects: readonly KubeObject[]; says: string | undefined }>([
    { name: "says the digest that all parts say", objects: parts, says: "d1" },
    { name: "sees that a part is missing", objects: [first], says: "d1-unsettled" },
    { name: "sees parts of two changes", objects: [first, withDigest(second, "d2")], says: "d1-unsettled" },
    {
      name: "sees a change that did not come to its end",
      objects: parts.map((one) => withDigest(one, "d2-unsettled")),
      says: "d2-unsettled",
    },
    {
      name: "forgets what is being deleted",
      objects: parts.map((one) => ({ ...one, metadata: { ...one.metadata, deletionTimestamp: "2026" } })),
      says: undefined,
    },
    {
      name: "knows nothing of objects without a key",
      objects: [{ ...first, metadata: { name: "tiny", labels: ownedLabels } }],
      says: undefined,
    },
  ])("$name", ({ objects, says }) => {
    expect(inventoryOf("blog", objects, state).objects.get("Deployment/tiny")).toBe(says);
  });

  it("holds objects that the cluster has nothing for", () => {
    const { objects } = inventoryOf("blog", [], { ...state, withoutParts: { "HTTPRoute/web": "d3" } });
    expect([...objects]).toEqual([["HTTPRoute/web", "d3"]]);
  });
});

it.each([
  { text: "10Mi", bytes: 10 * 2 ** 20 },
  { text: "1500M", bytes: 1.5e9 },
  { text: "128974848", bytes: 128_974_848 },
  { text: "1e3", bytes: 1000 },
  { text: "1.5Gi", bytes: 1.5 * 2 ** 30 },
  { text: "128974848000m", bytes: 128_974_848 },
  { text: "many", bytes: 0 },
])("$text are $bytes bytes", ({ text, bytes }) => {
  expect(bytesOf(text)).toBe(bytes);
});
