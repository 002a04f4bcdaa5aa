import { expect, it } from "vitest";
import { operatorRig } from "../../operator/testing/operator-rig.ts";
import { clusterTenant, clusterTenants, createClusterTenant, suspendClusterTenant } from "./cluster-tenants.ts";

const never = new AbortController().signal;

it("makes a tenant once, which the operator gives a namespace with its profile's quota", async () => {
  const rig = operatorRig();
  const cluster = { api: rig.api, context: "prod" };
  const made = await createClusterTenant({ name: "acme", profile: "small" }, cluster, never);
  expect(made).toEqual({ name: "acme", profile: "small", suspended: false, namespaces: ["acme"], deleting: null, condition: null });
  await createClusterTenant({ name: "acme", profile: "small" }, cluster, never);
  await expect(createClusterTenant({ name: "acme", profile: "large" }, cluster, never)).rejects.toMatchObject({ code: "tenant/exists" });
  await expect(createClusterTenant({ name: "Acme", profile: "small" }, cluster, never)).rejects.toMatchObject({ code: "usage/invalid" });
  await rig.tenant("acme");
  expect((await rig.object("ResourceQuota", "howdah-tenant"))?.["spec"]).toMatchObject({ hard: { pods: "25" } });
  expect((await clusterTenants(cluster, never)).map(({ name, condition }) => [name, condition?.reason])).toEqual([
    ["acme", "NamespacesGuarded"],
  ]);
});

it("suspends and resumes", async () => {
  const rig = operatorRig();
  const cluster = { api: rig.api, context: "prod" };
  await createClusterTenant({ name: "acme", profile: undefined }, cluster, never);
  expect(await suspendClusterTenant("acme", true, cluster, never)).toMatchObject({ suspended: true });
  expect(await suspendClusterTenant("acme", false, cluster, never)).toMatchObject({ suspended: false });
  await expect(suspendClusterTenant("other", true, cluster, never)).rejects.toMatchObject({ code: "tenant/unknown" });
  await expect(clusterTenant("other", cluster, never)).rejects.toThrow("prod has no tenant");
});
