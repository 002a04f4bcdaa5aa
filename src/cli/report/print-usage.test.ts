import { expect, it } from "vitest";
import type { TenantUsage } from "../../workflows/tenant/tenant-usage.ts";
import { usageMetrics } from "./print-usage.ts";

const site = { site: "shop", namespace: "acme--shop", volumeBytes: 5, database: null, memoryBytes: 7, cpuSeconds: 1.5 };
const usage: TenantUsage = {
  ...{ tenant: "acme", profile: "small", suspended: true, storageBytes: 5, storageBound: 10, connections: 0, queries: 0 },
  ...{ databaseCpuSeconds: 0, memoryBytes: 7, cpuSeconds: 1.5, sites: [site] },
};

it("prints metrics by tenant and site, and none of a database that is not there", () => {
  const text = usageMetrics([usage]);
  expect(text).toContain('howdah_site_volume_bytes{tenant="acme",site="shop"} 5\n');
  expect(text).toContain('howdah_tenant_suspended{tenant="acme"} 1\n');
  expect(text).not.toContain("howdah_site_database_bytes{");
  for (const line of text.trimEnd().split("\n"))
    expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+\{[a-z]+="[a-z-]+"(,[a-z]+="[a-z-]+")?\} [\d.]+)$/);
});
