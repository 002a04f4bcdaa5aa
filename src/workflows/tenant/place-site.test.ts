import { expect, it } from "vitest";
import { noBounds, tenantProfiles } from "../../catalog/tenant-profiles.ts";
import { siteOf } from "../cluster/testing/cluster-rig.ts";
import { memoryDocuments } from "../testing/release-rig.ts";
import { placeSite, withProfileOfToday } from "./place-site.ts";
import type { Tenant } from "./tenant.ts";

const acme: Tenant = {
  ...{ name: "acme", uid: "u1", profile: "small", bounds: tenantProfiles.small, suspended: null, sites: [], work: null },
  createdAt: "2026-11-22T12:00:00.000Z",
};
const shop = siteOf("shop", { runtime: { php: "8.4" }, database: {} });

async function portsOf(...tenants: readonly Tenant[]) {
  const documents = memoryDocuments<Tenant>();
  for (const tenant of tenants) await documents.put(tenant.name, tenant);
  return { tenants: documents };
}

it("a site of no tenant stays as it is", async () => {
  expect(await placeSite(shop, { tenant: undefined }, await portsOf())).toBe(shop);
});

it("a tenant's site keeps the hostnames that it was given before", async () => {
  const sites = [{ site: "shop", namespace: "acme--shop", file: "/f", hostnames: ["shop.acme.example"] }];
  const placed = await placeSite(shop, { tenant: "acme" }, await portsOf({ ...acme, sites }));
  expect([placed.name, placed.hostnames, placed.runtime?.fpm.maxChildren]).toEqual(["acme--shop", ["shop.acme.example"], 4]);
});

it.each([
  ["an unknown tenant", { tenant: "other" }, "tenant/unknown"],
  ["hostnames without a tenant", { tenant: undefined, hostnames: ["a.example"] }, "usage/invalid"],
  ["a hostname that is none", { tenant: "acme", hostnames: ["A b"] }, "usage/invalid"],
  ["a suspended tenant", { tenant: "rests" }, "tenant/suspended"],
  ["a tenant that is being deleted", { tenant: "goes" }, "tenant/suspended"],
])("refuses %s", async (_name, placement, code) => {
  const rests = { ...acme, name: "rests", suspended: { since: "", message: "" } };
  const goes: Tenant = { ...acme, name: "goes", work: { verb: "delete", since: "", exported: null } };
  await expect(placeSite(shop, placement, await portsOf(acme, rests, goes))).rejects.toMatchObject({ code });
});

it("refuses names that are too long together", async () => {
  const long = { ...acme, name: "a".repeat(24) };
  const site = siteOf("s".repeat(40), {});
  await expect(placeSite(site, { tenant: long.name }, await portsOf(long))).rejects.toMatchObject({ code: "site/invalid" });
});

it("a former release gets the profile of today", async () => {
  const before = await placeSite(shop, { tenant: "acme" }, await portsOf(acme));
  const large = await portsOf({ ...acme, profile: "large", bounds: tenantProfiles.large });
  const { site } = await withProfileOfToday({ site: before }, large);
  expect([site.runtime?.fpm.maxChildren, site.scale.replicas, site.database?.limits?.connections]).toEqual([16, 2, 72]);
  const own = await portsOf({ ...acme, profile: "own", bounds: noBounds });
  expect((await withProfileOfToday({ site: before }, own)).site.runtime).toEqual(before.runtime);
});
