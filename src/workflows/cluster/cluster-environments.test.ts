import { beforeEach, describe, expect, it } from "vitest";
import { ACCESS_SECRET } from "../../kernel/own-names.ts";
import { Secret } from "../../kernel/secret.ts";
import type { Event } from "../../kernel/event.ts";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { SiteDocument } from "../../site/schema/site-document.ts";
import { siteOfEnvironment } from "../../site/site-of-environment.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { deleteClusterEnvironment, extendClusterEnvironment, resetClusterEnvironment } from "./change-cluster-environment.ts";
import { clusterEnvironments, listedEnvironment, requireClusterEnvironment, showClusterEnvironment } from "./cluster-environments.ts";
import { type ClusterCreate, createClusterEnvironment } from "./create-cluster-environment.ts";
import { type ClusterRig, clusterRig, siteOf } from "./testing/cluster-rig.ts";

const NOW = Date.parse("2026-11-21T12:00:00Z");
const name = { resource: resources.Environment, namespace: "acme", name: "review" };

let rig: ClusterRig;
let cluster: ConnectedCluster;
let said: string[];
let context: EngineContext;
/** What the operator does, one look after another. */
let acts: (() => unknown)[];
let now: number;
let ports: Pick<Ports, "clock" | "settings" | "clusters">;

beforeEach(() => {
  rig = clusterRig();
  cluster = { api: rig.api, context: "prod" } as unknown as ConnectedCluster;
  [said, acts, now] = [[], [], NOW];
  context = { emit: (event) => said.push(words(event)), signal: new AbortController().signal };
  const clusters = { ports: async () => rig.ports } as unknown as Ports["clusters"];
  const sleep = async (milliseconds: number): Promise<void> => {
    now += milliseconds;
    await acts.shift()?.();
  };
  ports = { clock: { now: () => now, sleep }, settings: { ...rig.ports.settings, who: "ann" }, clusters };
});

function words(event: Event): string {
  if (event.type === "task-started") return `> ${event.title}`;
  if (event.type === "task-progress") return `  ${event.detail}`;
  if (event.type === "task-failed") return `x ${event.code}`;
  return event.type === "notice" ? `! ${event.message}` : "ok";
}

const productionOf = (spec: SiteDocument["spec"] = {}): SiteRecord =>
  ({ site: siteOf("shop", spec), namespace: "acme" }) as unknown as SiteRecord;
const wanted: ClusterCreate = {
  ...{ name: "review", data: { kind: "dataset", generation: undefined }, ttl: undefined, hostname: undefined, size: undefined, php: null },
  ...{ variables: {}, secrets: [], password: undefined, owner: undefined, patienceMs: 60_000 },
};
const create = (more: Partial<ClusterCreate> = {}, spec: SiteDocument["spec"] = {}) =>
  createClusterEnvironment({ cluster, namespace: "acme" }, productionOf(spec), { ...wanted, ...more }, ports, context);

type Condition = readonly [type: string, reason: string, message: string];

/** The operator writes what it sees. */
async function sees(conditions: readonly Condition[], more: object = {}): Promise<KubeObject> {
  const object = await rig.api.get(name);
  const status = {
    observedGeneration: object?.metadata.generation,
    conditions: conditions.map(([type, reason, message]) => ({ type, status: "True", reason, message, lastTransitionTime: "" })),
    ...more,
  };
  return await rig.api.mergePatch(name, { status }, { subresource: "status" });
}
const SERVES: Condition = ["Ready", "Serving", "it serves"];
const ready = (more: object = {}) =>
  sees([SERVES], { namespace: "acme--review", url: "http://review.shop.localhost", release: "r3", generation: "g2", ...more });
const stored = async (): Promise<KubeObject["spec"]> => (await rig.api.get(name))?.["spec"];
const find = () => requireClusterEnvironment("review", "acme", cluster, context.signal);

describe("an environment of a cluster", () => {
  it("is a resource beside its site, which is followed until it serves", async () => {
    acts.push(
      () => sees([["Reconciling", "Copying", "waits for the copy of g2"]], { namespace: "acme--review" }),
      () => sees([["Reconciling", "Copying", "1 of 2 claims are bound"]], { namespace: "acme--review" }),
      () => sees([["Reconciling", "Rollout", "r1 is taken into service"]], { rollout: { release: "r1", step: "start" } }),
      () => ready({ rollout: null }),
    );
    const found = await create({ hostname: "review.example.org", size: "large", variables: { DEBUG: "1" }, password: true, ttl: "12h" });
    expect(await stored()).toEqual({
      ...{ site: "shop", data: { dataset: {} }, owner: "ann", until: "2026-11-22T00:00:00.000Z", hostname: "review.example.org" },
      ...{ size: "large", variables: { DEBUG: "1" }, password: true },
    });
    expect(said).toEqual([
      ...["> The operator makes acme--review", "ok", "> waits for the copy of g2", "  1 of 2 claims are bound", "ok"],
      ...["> Starting a pod of the new release beside the others", "ok"],
    ]);
    expect(listedEnvironment(found, now)).toMatchObject({
      ...{ namespace: "acme--review", name: "review", of: "acme", state: "running", because: null, url: "http://review.shop.localhost" },
      ...{ code: { kind: "release", release: "r3" }, data: { kind: "dataset", generation: "g2" }, owner: "ann", ownBytes: null },
    });
  });

  it("lives as long as the site file says, or for ever, and begins as it is told", async () => {
    acts.push(ready);
    await create({ data: { kind: "fresh" } });
    expect(await stored()).toMatchObject({ data: { fresh: {} }, until: "2026-11-28T12:00:00.000Z" });
    acts.push(() =>
      rig.api.mergePatch(
        { ...name, name: "two" },
        { status: { observedGeneration: 1, conditions: [condition(SERVES)] } },
        { subresource: "status" },
      ),
    );
    const two = await create({ name: "two", data: { kind: "clone", of: "acme--review" }, ttl: "never" });
    expect(two.spec).toEqual({ site: "shop", data: { clone: { of: "review" } }, owner: "ann" });
    await expect(create({ name: "three", data: { kind: "clone", of: "four" } })).rejects.toMatchObject({
      code: "environment/unknown",
      hint: "There are: acme--review, acme--two.",
    });
  });

  it("is refused before anything is made", async () => {
    await expect(create({ name: "production" })).rejects.toMatchObject({ code: "usage/invalid" });
    await expect(create({ name: "a--b" })).rejects.toMatchObject({ code: "usage/invalid" });
    await expect(create({}, { runtime: { php: "8.4" }, variables: { SMTP: { secret: "smtp/password" } } })).rejects.toThrow(
      "stands in for smtp/password",
    );
    expect(rig.api.all("Environment")).toEqual([]);
    acts.push(ready);
    await create();
    await expect(create()).rejects.toMatchObject({ code: "environment/exists" });
    await expect(create({ name: "two" }, { environments: { limit: 1 } })).rejects.toMatchObject({ code: "environment/limit" });
  });

  it("gets the secrets that a person gives for it in the namespace that was made for it, and in no other", async () => {
    const spec = { runtime: { php: "8.4" as const }, variables: { SMTP: { secret: "smtp/password" } } };
    const secrets = [{ name: "smtp", key: "password", value: new Secret("sandbox", "test") }];
    const space = (labels: object) =>
      rig.api.apply(resources.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "acme--review", ...labels } });
    const given = async () => (await rig.ports.secrets.get("acme--review", "smtp"))?.["password"]?.reveal();
    acts.push(
      () => space({}),
      async () => expect(await given()).toBeUndefined(),
      () => space({ labels: { "howdah.dev/environment-of": "acme" } }),
      () => sees([["Stalled", "SiteInvalid", "nothing stands in for smtp/password"]]),
      async () => expect(await given()).toBe("sandbox"),
      ready,
    );
    expect((await create({ secrets }, spec)).status.url).toBe("http://review.shop.localhost");
    const twice = { ...spec, environments: { secrets: { "smtp/password": { value: "x" } } } };
    await expect(create({ name: "two", secrets }, twice)).rejects.toMatchObject({ code: "usage/invalid" });
    expect(rig.api.all("Environment")).toHaveLength(1);
  });

  it("that nobody saw to its end is gone on with by the same command", async () => {
    await expect(create({ patienceMs: 1000 })).rejects.toThrow("acme--review does not serve after 1 s: the operator has not looked at it");
    acts.push(ready);
    expect((await create()).status.url).toBe("http://review.shop.localhost");
    expect(rig.api.writes.filter((write) => write.startsWith("create Environment"))).toHaveLength(1);
  });

  it("fails by the name of what stands in its way", async () => {
    acts.push(
      () => sees([["Reconciling", "Copying", "looks for the dataset"]]),
      () => sees([["Stalled", "DatasetMissing", "shop has no published dataset"]]),
    );
    await expect(create()).rejects.toMatchObject({ code: "dataset/none", message: "shop has no published dataset" });
    expect(said.at(-1)).toBe("x dataset/none");
    expect(listedEnvironment(await find(), now)).toMatchObject({ state: "failed", because: "shop has no published dataset" });
  });

  it("says when no operator is there", async () => {
    await expect(create({ patienceMs: 30_000 })).rejects.toMatchObject({ code: "cluster/failed" });
    expect(said.filter((line) => line.startsWith("!"))).toEqual([expect.stringContaining("nobody has taken up review yet")]);
  });
});

function condition([type, reason, message]: Condition): object {
  return { type, status: "True", reason, message, lastTransitionTime: "" };
}

describe("one that is there", () => {
  beforeEach(async () => {
    acts.push(ready);
    await create({ password: true });
    said.length = 0;
  });

  it("is found by both of its names, and those of one namespace are not the site itself", async () => {
    const metadata = { name: "production", namespace: "acme" };
    await rig.api.create(resources.Environment, {
      apiVersion: "howdah.dev/v1alpha1",
      kind: "Environment",
      metadata,
      spec: { site: "shop" },
    });
    expect((await clusterEnvironments(cluster, undefined, context.signal)).map((one) => one.name)).toEqual(["review"]);
    expect((await requireClusterEnvironment("acme--review", undefined, cluster, context.signal)).name).toBe("review");
    await expect(requireClusterEnvironment("production", "acme", cluster, context.signal)).rejects.toMatchObject({
      code: "environment/unknown",
    });
    await rig.api.create(resources.Environment, { ...(await find()).object, metadata: { name: "review", namespace: "other" } });
    await expect(requireClusterEnvironment("review", undefined, cluster, context.signal)).rejects.toThrow("Several sites");
  });

  it("is shown with the password that was made in its namespace", async () => {
    const found = await find();
    const wishes = { name: "review", hostname: null, size: "small", php: null, variables: {}, password: true, idleSeconds: null } as const;
    const site = siteOfEnvironment(siteOf("shop", { runtime: { php: "8.4" } }), { ...wishes, data: { database: null, mounts: {} } });
    await rig.ports.records.put("acme--review", { site, namespace: "acme--review" } as unknown as SiteRecord);
    await rig.ports.secrets.set("acme--review", ACCESS_SECRET, { password: new Secret("open-sesame", "test") });
    expect(await showClusterEnvironment(found, rig.ports, now)).toMatchObject({
      ...{ user: "preview", password: "open-sesame", hostnames: ["review.shop.localhost"], state: "running" },
      mailUrl: expect.stringContaining("http://review.shop.localhost/"),
    });
  });

  it("is made anew by another value of the annotation, and followed until that was acted on", async () => {
    const resetTo = () => ready({ reset: "g1/2026-11-21T12:00:00.500Z", generation: "g1" });
    acts.push(() => sees([["Reconciling", "Resetting", "its volumes go"]], { reset: null }), resetTo);
    const found = await find();
    const done = await resetClusterEnvironment(
      found,
      { generation: "g1", newestRelease: false, patienceMs: 60_000 },
      cluster,
      ports,
      context,
    );
    expect(done.object.metadata.annotations).toEqual({ "howdah.dev/reset": "g1/2026-11-21T12:00:00.500Z" });
    expect([listedEnvironment(done, now).data, said]).toEqual([
      { kind: "dataset", generation: "g1" },
      expect.arrayContaining(["> its volumes go"]),
    ]);
  });

  it("is synced by naming the release that serves now, too", async () => {
    const sync = async () =>
      resetClusterEnvironment(await find(), { generation: "current", newestRelease: true, patienceMs: 60_000 }, cluster, ports, context);
    await expect(sync()).rejects.toMatchObject({ code: "release/unknown" });
    const metadata = { name: "production", namespace: "acme" };
    await rig.api.create(resources.Environment, {
      apiVersion: "howdah.dev/v1alpha1",
      kind: "Environment",
      metadata,
      spec: { site: "shop" },
    });
    await rig.api.mergePatch({ ...name, name: "production" }, { status: { release: "r7" } }, { subresource: "status" });
    acts.push(async () => ready({ reset: (await rig.api.get(name))?.metadata.annotations?.["howdah.dev/reset"], release: "r7" }));
    expect(listedEnvironment(await sync(), now).code).toEqual({ kind: "release", release: "r7" });
    expect(await stored()).toMatchObject({ release: "r7" });
  });

  it("lives longer", async () => {
    expect(await extendClusterEnvironment(await find(), "2w", cluster, ports, context.signal)).toBe("2026-12-05T12:00:00.500Z");
    expect(await stored()).toMatchObject({ until: "2026-12-05T12:00:00.500Z" });
    expect(await extendClusterEnvironment(await find(), "never", cluster, ports, context.signal)).toBeNull();
    expect(await stored()).not.toHaveProperty("until");
  });

  it("is deleted with its uid, and waited for until its finalizer is done", async () => {
    await rig.api.mergePatch(name, { metadata: { finalizers: ["howdah.dev/environment"] } }, {});
    acts.push(
      async () => expect(listedEnvironment(await find(), now).state).toBe("deleting"),
      () => rig.api.mergePatch(name, { metadata: { finalizers: null } }, {}),
    );
    await deleteClusterEnvironment(await find(), cluster, ports, context);
    expect([rig.api.all("Environment"), acts]).toEqual([[], []]);
  });

  it("says so when nobody takes it away", async () => {
    await rig.api.mergePatch(name, { metadata: { finalizers: ["howdah.dev/environment"] } }, {});
    await expect(deleteClusterEnvironment(await find(), cluster, ports, context)).rejects.toThrow("acme--review is still being deleted");
  });
});
