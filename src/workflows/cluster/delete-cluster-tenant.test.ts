import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { DELETE_DATA_ANNOTATION, HAND_OVER_ANNOTATION } from "../../kernel/label.ts";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { operatorRig } from "../../operator/testing/operator-rig.ts";
import type { Ports } from "../ports.ts";
import { changeClusterProfile, createClusterTenant, suspendClusterTenant } from "./cluster-tenants.ts";
import { deleteClusterTenant, planClusterDeletion } from "./delete-cluster-tenant.ts";
import { exportClusterTenant } from "./export-cluster-tenant.ts";

const { signal } = new AbortController();
const context = { emit: () => undefined, signal };
const tenantPlace = { resource: resources.Tenant, namespace: undefined, name: "acme" };

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "howdah-end-"));
});
afterEach(() => rm(directory, { recursive: true }));

/** `acme` serves; whoever waits lets the operator, and the cluster's garbage collector, work. */
async function acme() {
  const rig = operatorRig();
  const { api } = rig;
  const cluster = { api, context: "prod" } as unknown as ConnectedCluster;
  await api.create(resources.Tenant, { apiVersion: "howdah.dev/v1alpha1", kind: "Tenant", metadata: { name: "acme" }, spec: {} });
  await rig.tenant("acme");
  await rig.applySite();
  await rig.release("r1", "one");
  await rig.settle();
  const seen = { open: 0 };
  const turn = async (): Promise<void> => {
    if ((await api.get(tenantPlace))?.metadata.annotations?.[HAND_OVER_ANNOTATION] !== undefined) seen.open += 1;
    await rig.settle();
    await rig.tenant("acme");
    const environment = await rig.object("Environment", "production");
    if ((await rig.object("Site", "blog")) !== undefined || environment === undefined) return;
    const name = { resource: resources.Environment, namespace: "acme", name: "production" };
    await api.delete(name, { preconditions: { uid: environment.metadata.uid ?? "" } });
  };
  const clock = { now: () => Date.parse("2026-11-21T12:00:00Z"), sleep: turn };
  const clusters = { ports: async () => ({ ...rig.ports, clock }) };
  const ports = { clock, clusters, settings: rig.ports.settings } as unknown as Ports;
  return { rig, cluster, ports, seen, tenant: () => api.get(tenantPlace) };
}

describe("a tenant of a cluster that is deleted", () => {
  it("hands over its data, then its sites go, and the operator is told when its data goes", async () => {
    const { rig, cluster, ports, seen, tenant } = await acme();
    const plan = await planClusterDeletion("acme", cluster, ports, signal);
    expect(plan).toMatchObject({ deletes: ["site blog in acme", "tenant acme"], keptUntil: "2026-11-28T12:00:00.000Z" });
    await deleteClusterTenant(plan, join(directory, "acme.tar"), cluster, ports, context);
    expect(await readdir(directory)).toEqual(["acme.tar"]);
    expect(seen.open).toBeGreaterThan(0);
    expect([rig.api.all("Site"), rig.api.all("Environment")]).toEqual([[], []]);
    expect((await tenant())?.metadata.annotations).toEqual({ [DELETE_DATA_ANNOTATION]: "2026-11-28T12:00:00.000Z" });
    const again = await planClusterDeletion("acme", cluster, ports, signal);
    expect(again).toMatchObject({ keptUntil: "2026-11-28T12:00:00.000Z", tenant: { deleting: { dataGoes: "2026-11-28T12:00:00.000Z" } } });
    await deleteClusterTenant(again, null, cluster, ports, context);
  });

  it("is neither made anew, nor resumed, nor given another profile meanwhile", async () => {
    const { cluster, ports } = await acme();
    await deleteClusterTenant(await planClusterDeletion("acme", cluster, ports, signal), null, cluster, ports, context);
    const refused = { code: "tenant/suspended" };
    await expect(createClusterTenant({ name: "acme", profile: "own" }, cluster, signal)).rejects.toMatchObject(refused);
    await expect(suspendClusterTenant("acme", false, cluster, signal)).rejects.toMatchObject(refused);
    await expect(changeClusterProfile("acme", { profile: "large" }, cluster, signal)).rejects.toMatchObject(refused);
  });

  it("is deleted with a namespace that left its spec, as the operator does, and not with one of another tenant", async () => {
    const { rig, cluster, ports } = await acme();
    await rig.api.mergePatch(tenantPlace, { spec: { namespaces: ["acme-new", "other"] } });
    const labels = { "howdah.dev/tenant": "other" };
    await rig.api.create(resources.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "other", labels } });
    const plan = await planClusterDeletion("acme", cluster, ports, signal);
    expect(plan.tenant.namespaces).toEqual(["acme", "acme-new"]);
    expect([plan.deletes, plan.keeps.length]).toEqual([["site blog in acme", "tenant acme"], 2]);
    const clusters = { ports: async (_: unknown, namespace: string) => (asked.push(namespace), rig.ports) };
    const asked: string[] = [];
    const wanted = { file: join(directory, "acme.tar"), overwrite: true };
    const { manifest } = await exportClusterTenant("acme", wanted, cluster, { ...ports, clusters } as Ports, context);
    expect([new Set(asked), manifest.sites.length]).toEqual([new Set(["acme", "acme-new"]), 1]);
    await deleteClusterTenant(plan, null, cluster, ports, context);
    expect(rig.api.all("Environment")).toEqual([]);
  });

  it("that could not be deleted, or is resumed, has no time any more when its data goes", async () => {
    const { rig, cluster, ports, tenant } = await acme();
    const away = new HowdahError("cluster/unreachable", "away");
    const api = new Proxy(rig.api, {
      get: (target, key) => {
        const value: unknown = Reflect.get(target, key);
        return key === "delete" ? () => Promise.reject(away) : typeof value === "function" ? value.bind(target) : value;
      },
    });
    const plan = await planClusterDeletion("acme", cluster, ports, signal);
    await expect(deleteClusterTenant(plan, null, { ...cluster, api }, ports, context)).rejects.toBe(away);
    expect((await tenant())?.metadata.annotations ?? {}).toEqual({});
    await rig.api.mergePatch(tenantPlace, { metadata: { annotations: { [DELETE_DATA_ANNOTATION]: plan.keptUntil } } });
    await suspendClusterTenant("acme", false, cluster, signal);
    expect((await tenant())?.metadata.annotations ?? {}).toEqual({});
  });

  it("keeps its data at least until it is deleted, however long the export took", async () => {
    const { cluster, ports, tenant } = await acme();
    const plan = { ...(await planClusterDeletion("acme", cluster, ports, signal)), keptUntil: "2026-11-21T06:00:00.000Z" };
    await deleteClusterTenant(plan, null, cluster, ports, context);
    expect((await tenant())?.metadata.annotations).toEqual({ [DELETE_DATA_ANNOTATION]: "2026-11-21T12:00:00.000Z" });
  });

  it("works as before when its data could not be handed over", async () => {
    const { rig, cluster, ports, tenant } = await acme();
    const plan = await planClusterDeletion("acme", cluster, ports, signal);
    await expect(deleteClusterTenant(plan, join(directory, "missing/acme.tar"), cluster, ports, context)).rejects.toMatchObject({
      code: "usage/invalid",
    });
    const now = await tenant();
    expect([now?.metadata.annotations ?? {}, now?.["spec"]]).toMatchObject([{}, { suspended: false }]);
    for (let round = 0; round < 3; round += 1) {
      await rig.tenant("acme");
      await rig.settle();
    }
    expect(rig.page()).toBe("one");
  });
});

it("another profile brings its own numbers, and takes those of before along", async () => {
  const { cluster, tenant } = await acme();
  const bounds = { connections: 40, statementSeconds: 9, diskBytes: 1024 };
  expect(await changeClusterProfile("acme", { profile: "own", bounds }, cluster, signal)).toMatchObject({ profile: "own" });
  expect((await tenant())?.["spec"]).toMatchObject({ database: { connections: 40, statementSeconds: 9 }, storage: "1024" });
  await changeClusterProfile("acme", { profile: "small" }, cluster, signal);
  expect((await tenant())?.["spec"]).toEqual({ profile: "small" });
});
