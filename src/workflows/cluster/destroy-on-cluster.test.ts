import { describe, expect, it } from "vitest";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { Ports } from "../ports.ts";
import { destroyOnCluster, planClusterDestroy } from "./destroy-on-cluster.ts";
import { planClusterPurge, purgeOnCluster } from "./purge-on-cluster.ts";
import { clusterRig } from "./testing/cluster-rig.ts";

const { signal } = new AbortController();
const context = { emit: () => undefined, signal };
const apiVersion = "howdah.dev/v1alpha1";

/** The site `blog` in the namespace `acme`, which serves r1. */
async function served() {
  const rig = clusterRig();
  const { api } = rig;
  await api.create(resources.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "acme" } });
  const site = await api.create(resources.Site, { apiVersion, kind: "Site", metadata: { name: "blog", namespace: "acme" }, spec: {} });
  const ownerReferences = [{ apiVersion, kind: "Site", name: "blog", uid: site.metadata.uid ?? "" }];
  const metadata = { name: "production", namespace: "acme", ownerReferences };
  await api.create(resources.Environment, { apiVersion, kind: "Environment", metadata, spec: { site: "blog" } });
  await rig.release("r1", "one");
  await rig.serve("r1");
  const place = { cluster: { api, context: "prod" } as unknown as ConnectedCluster, namespace: "acme" };
  return { ...rig, place };
}

/** What the garbage collector and the operator do when a Site goes. */
async function followed({ api, engine }: Awaited<ReturnType<typeof served>>): Promise<void> {
  if ((await api.get({ resource: resources.Site, namespace: "acme", name: "blog" })) !== undefined) return;
  const name = { resource: resources.Environment, namespace: "acme", name: "production" };
  const uid = (await api.get(name))?.metadata.uid ?? "";
  await engine.remove("acme", context);
  await api.delete(name, { preconditions: { uid } });
}

describe("a site of a cluster that is destroyed", () => {
  it("names what goes and what stays, then waits until the operator has taken it down", async () => {
    const rig = await served();
    const plan = await planClusterDestroy(rig.place, "blog", rig.ports, signal);
    expect([plan.deletes, plan.keeps]).toEqual([["Site blog", "Deployment web", "hostname blog.localhost"], ["releases and secrets"]]);
    const slept: number[] = [];
    const sleep = async (ms: number): Promise<void> => {
      slept.push(ms);
      await followed(rig);
    };
    await destroyOnCluster(plan, { clock: { ...rig.ports.clock, sleep } }, context);
    expect(slept).toHaveLength(1);
    expect(["Site", "Environment", "Release"].map((kind) => rig.api.all(kind).length)).toEqual([0, 0, 1]);
  });

  it("is found by its name, or by its namespace's when that has no other", async () => {
    const { place, ports } = await served();
    expect((await planClusterDestroy(place, "acme", ports, signal)).site.metadata.name).toBe("blog");
    await expect(planClusterDestroy(place, "shop", ports, signal)).rejects.toMatchObject({ code: "site/unknown" });
  });

  it("says so when nobody takes it down", async () => {
    const rig = await served();
    let now = 0;
    const clock = { now: () => now, sleep: async () => void (now += 400_000) };
    const plan = await planClusterDestroy(rig.place, "blog", rig.ports, signal);
    await expect(destroyOnCluster(plan, { clock }, context)).rejects.toMatchObject({ code: "cluster/failed" });
  });
});

describe("its data", () => {
  it("is not touched while the site is there", async () => {
    const { place, ports } = await served();
    await expect(planClusterPurge(place, ports, signal)).rejects.toMatchObject({ code: "machine/busy" });
  });

  it("goes when somebody says so, and then there is none", async () => {
    const rig = await served();
    await destroyOnCluster(
      await planClusterDestroy(rig.place, "blog", rig.ports, signal),
      { clock: { now: () => 0, sleep: () => followed(rig) } },
      context,
    );
    const plan = await planClusterPurge(rig.place, rig.ports, signal);
    expect(plan).toMatchObject({ databases: [], releases: ["r1"], inNamespace: true });
    await purgeOnCluster(plan, rig.ports, context);
    expect([rig.api.all("Release"), await rig.ports.records.get("acme")]).toEqual([[], undefined]);
    await expect(planClusterPurge(rig.place, rig.ports, signal)).rejects.toMatchObject({ code: "site/unknown" });
  });

  it("is a database alone when the namespace was deleted", async () => {
    const rig = clusterRig();
    const database = { server: "mariadb-11-8", name: "acme", user: "acme", uid: "u1" };
    const dropped: unknown[] = [];
    const inventory: Ports["engine"]["inventory"] = async (namespace) => ({
      namespace,
      objects: new Map(namespace === "howdah-system" ? [["StatefulSet/mariadb-11-8", "d"]] : []),
    });
    const there = {
      ...rig.ports,
      engine: { ...rig.engine, inventory, exec: async () => 0 },
      databases: {
        findDatabase: async () => ({ name: "acme", user: "acme", uid: "u1" }),
        dropDatabase: async ({ name, uid }: { readonly name: string; readonly uid: string }) => dropped.push([name, uid]) > 0,
      },
    } as unknown as Ports;
    const place = { cluster: { api: rig.api, context: "prod" } as unknown as ConnectedCluster, namespace: "acme" };
    const plan = await planClusterPurge(place, there, signal);
    expect(plan).toMatchObject({ databases: [database], volumes: [], inNamespace: false });
    await purgeOnCluster(plan, there, context);
    expect(dropped).toEqual([["acme", "u1"]]);
  });
});
