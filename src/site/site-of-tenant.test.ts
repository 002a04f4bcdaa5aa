import { expect, it } from "vitest";
import { tenantProfiles } from "../catalog/tenant-profiles.ts";
import { resolveSite } from "./resolve.ts";
import { siteDocument } from "./schema/site-document.ts";
import type { Site } from "./site.ts";
import { nameOfTenantSite, siteOfTenant, TENANT_NAME } from "./site-of-tenant.ts";

function siteOf(spec: object = {}): Site {
  const document = siteDocument.parse({ apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name: "shop" }, spec });
  const { site } = resolveSite(document, { environment: "production" });
  if (site === undefined) throw new TypeError("the site is wrong");
  return site;
}

const tenant = { name: "acme", uid: "u1", bounds: tenantProfiles.small, hostnames: null };
const php = {
  runtime: { php: "8.4", fpm: { maxChildren: 40 } },
  database: {},
  mounts: { uploads: { size: "5Gi" }, cache: { size: "1Gi" } },
};

it("has its own name, hostname and what its profile gives", () => {
  const site = siteOfTenant(siteOf(php), tenant, "acme--shop");
  expect(site).toMatchObject({
    name: "acme--shop",
    tenant: { name: "acme", uid: "u1", site: "shop" },
    hostnames: ["shop.acme.localhost"],
    runtime: { fpm: { maxChildren: 4 } },
    database: { limits: { connections: 12, statementSeconds: 60 } },
    scale: { replicas: 1, memoryBytes: 256 * 1024 ** 2 },
  });
  expect(Object.fromEntries(site.mounts.map(({ path, size }) => [path, size]))).toEqual({ uploads: "2048Mi", cache: "1Gi" });
});

it("keeps hostnames that its file gives, unless the tenant has others", () => {
  const file = siteOf({ ...php, hostnames: ["shop.example"] });
  expect(siteOfTenant(file, tenant, "n").hostnames).toEqual(["shop.example"]);
  expect(siteOfTenant(file, { ...tenant, hostnames: ["shop.acme.example"] }, "n").hostnames).toEqual(["shop.acme.example"]);
});

it("is as its file says where a profile of its own says nothing", () => {
  const own = { ...tenantProfiles.small, replicas: null, workers: null, memoryBytes: null, diskBytes: null };
  const site = siteOfTenant(siteOf(php), { ...tenant, bounds: own }, "n");
  expect(site.runtime?.fpm.maxChildren).toBe(40);
  expect(site.scale).toEqual(siteOf(php).scale);
});

it("has one copy when its code is data", () => {
  const site = siteOfTenant(siteOf({ runtime: { php: "8.4" }, code: "writable" }), { ...tenant, bounds: tenantProfiles.large }, "n");
  expect(site.scale.replicas).toBe(1);
});

it("two tenants never share a name", () => {
  expect(nameOfTenantSite("acme", "b-c")).toBe("acme--b-c");
  expect(nameOfTenantSite("acme-b", "c")).toBe("acme-b--c");
  expect(nameOfTenantSite("a".repeat(24), "s".repeat(40))).toBeUndefined();
  for (const name of ["acme--x", "acme-", "-acme", "Acme", "1acme", "a".repeat(25), "", "a_b"])
    expect(TENANT_NAME.test(name), name).toBe(false);
  for (const name of ["a", "acme", "a-b-c", "a1"]) expect(TENANT_NAME.test(name), name).toBe(true);
});
