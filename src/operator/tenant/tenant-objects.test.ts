import { expect, it } from "vitest";
import { tenantSpec } from "../../resources/schema/tenant.ts";
import { tenantObjects } from "./tenant-objects.ts";

function quotaOf(spec: object): unknown {
  const objects = tenantObjects("acme", tenantSpec.parse(spec), "acme");
  return objects.find(({ kind, metadata }) => kind === "ResourceQuota" && metadata.name === "howdah-tenant")?.["spec"];
}

it.each([
  [{}, undefined],
  [{ profile: "own" }, undefined],
  [{ quota: { pods: 3 } }, { hard: { pods: "3" } }],
  [{ profile: "small" }, { hard: { "limits.memory": "3Gi", "requests.storage": "5Gi", pods: "25" } }],
  [{ profile: "small", storage: "50Gi" }, { hard: { "limits.memory": "3Gi", "requests.storage": "50Gi", pods: "25" } }],
  [
    { profile: "small", storage: "50Gi", quota: { "requests.storage": "1Gi", "count/jobs.batch": 5 } },
    { hard: { "limits.memory": "3Gi", "requests.storage": "1Gi", pods: "25", "count/jobs.batch": "5" } },
  ],
  [{ storage: "7Gi" }, { hard: { "requests.storage": "7Gi" } }],
])("a tenant with %j has the quota %j", (spec, quota) => {
  expect(quotaOf(spec)).toEqual(quota);
});

it("a profile that nobody knows is refused", () => {
  expect(tenantSpec.safeParse({ profile: "huge" }).success).toBe(false);
});
