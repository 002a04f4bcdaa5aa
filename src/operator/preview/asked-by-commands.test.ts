import { afterEach, describe, expect, it } from "vitest";
import type { Event } from "../../kernel/event.ts";
import { Secret } from "../../kernel/secret.ts";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { clusterSecretStore } from "../../providers/cluster-state/cluster-secret-store.ts";
import { configMapDocuments } from "../../providers/cluster-state/config-map-documents.ts";
import { deleteClusterEnvironment, resetClusterEnvironment } from "../../workflows/cluster/change-cluster-environment.ts";
import { listedEnvironment, requireClusterEnvironment } from "../../workflows/cluster/cluster-environments.ts";
import { type ClusterCreate, createClusterEnvironment } from "../../workflows/cluster/create-cluster-environment.ts";
import type { Ports, SiteRecord } from "../../workflows/ports.ts";
import { type Fleet, fleet } from "../testing/fleet.ts";
import { makeDataset, playSnapshots } from "../testing/played-snapshots.ts";

let one: Fleet;
afterEach(async () => one.stop());

const request: ClusterCreate = {
  ...{ name: "review", data: { kind: "dataset", generation: undefined }, ttl: "never", hostname: undefined, size: undefined, php: null },
  ...{ variables: {}, secrets: [], password: undefined, owner: undefined, patienceMs: 120_000 },
};

/** Commands beside an operator that looks while they wait, of a site that serves. */
async function commands(spec: object) {
  one = await fleet({ cascades: true });
  await one.makeSites(["shop"]);
  await one.rest();
  const there = { secrets: clusterSecretStore(one.api) };
  await there.secrets.set("shop", "smtp", { password: new Secret("real", "test") });
  await one.deploy("shop", "r2", spec);
  await one.rest();
  await makeDataset(one.api, "shop", ["g1"]);
  await playSnapshots(one.api);
  const events: Event[] = [];
  const look = async (milliseconds: number): Promise<void> => {
    await one.rest();
    await playSnapshots(one.api);
    await one.clock.advance(milliseconds);
    await one.rest();
  };
  const cluster = { api: one.api, context: "test" } as unknown as ConnectedCluster;
  const ports = {
    clock: { now: () => one.clock.now(), sleep: look },
    settings: { who: "ann" },
    clusters: { ports: async () => there },
  } as unknown as Pick<Ports, "clock" | "settings" | "clusters">;
  const context = { emit: (event: Event) => void events.push(event), signal: new AbortController().signal };
  const key = (namespace: string) => ({ namespace, key: "site" });
  const production = await configMapDocuments<SiteRecord>(one.api, key, () => ["shop"]).get("shop");
  if (production === undefined) throw new TypeError("the site does not serve");
  const create = (more: Partial<ClusterCreate> = {}) =>
    createClusterEnvironment({ cluster, namespace: "shop" }, production, { ...request, ...more }, ports, context);
  const find = (name = "review") => requireClusterEnvironment(name, "shop", cluster, context.signal);
  return { cluster, ports, context, events, look, create, find, there };
}

const php = { runtime: { php: "8.4" }, mounts: { files: {} }, releases: { keep: 2 } };

describe("a command that asks for an environment of a cluster", () => {
  it("follows the operator until it serves, makes it anew, and takes it away", async () => {
    const { create, events, find, cluster, ports, context } = await commands(php);
    const made = await create();
    expect(listedEnvironment(made, ports.clock.now())).toMatchObject({
      ...{ namespace: "shop--review", state: "running", code: { release: "r2" }, data: { generation: "g1" } },
      url: expect.stringContaining("review.shop.test"),
    });
    const titles = events.flatMap((event) => (event.type === "task-started" ? [event.title] : []));
    expect(titles.length).toBeGreaterThan(0);
    expect(events.filter(({ type }) => type === "task-failed")).toEqual([]);
    await makeDataset(one.api, "shop", ["g1", "g2"]);
    const target = { generation: "current", newestRelease: true, patienceMs: 120_000 };
    await one.deploy("shop", "r3", php);
    await one.rest();
    const synced = await resetClusterEnvironment(await find(), target, cluster, ports, context);
    expect(listedEnvironment(synced, ports.clock.now())).toMatchObject({
      state: "running",
      code: { release: "r3" },
      data: { generation: "g2" },
    });
    await deleteClusterEnvironment(await find(), cluster, ports, context);
    await expect(find()).rejects.toMatchObject({ code: "environment/unknown" });
    expect(await one.api.get({ resource: resources.Namespace, namespace: undefined, name: "shop--review" })).toBeUndefined();
  });

  it("fails with what the operator says stands in its way", async () => {
    const { create } = await commands(php);
    await expect(create({ data: { kind: "dataset", generation: "g9" } })).rejects.toMatchObject({
      code: "dataset/none",
      message: expect.stringContaining("g9"),
    });
  });

  it("gives it the secrets that nothing stands in for", async () => {
    const { create, there } = await commands({ ...php, variables: { SMTP: { secret: "smtp/password" } } });
    const secrets = [{ name: "smtp", key: "password", value: new Secret("sandbox", "test") }];
    await expect(create()).rejects.toMatchObject({ code: "site/invalid" });
    expect((await create({ secrets })).status.url).toContain("review.shop.test");
    expect((await there.secrets.get("shop--review", "smtp"))?.["password"]?.reveal()).toBe("sandbox");
  });

  it("keeps the release that it has the images of, however many come after", async () => {
    const { create, look, find, cluster, ports, context } = await commands(php);
    await create();
    const releases = async (): Promise<readonly string[]> =>
      (await one.api.list(resources.Release, { namespace: "shop" })).items.map(({ metadata }) => metadata.name);
    for (const id of ["r3", "r4", "r5", "r6"]) {
      await one.deploy("shop", id, php);
      await look(1000);
    }
    expect(await releases()).toContain("r2");
    expect(await releases()).not.toContain("r3");
    await deleteClusterEnvironment(await find(), cluster, ports, context);
    await one.deploy("shop", "r7", php);
    await look(1000);
    expect(await releases()).not.toContain("r2");
  });
});
