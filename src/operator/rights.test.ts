import { describe, expect, it } from "vitest";
import { grantedOnRules, leaseRules, operatorRules, type Rule } from "../resources/install/operator-role.ts";
import { WATCH_NAMES, WATCHES } from "./controllers.ts";
import { operatorRig } from "./testing/operator-rig.ts";
import { resources } from "../kubernetes/resources.ts";
import { tenantRoles } from "./tenant/tenant-roles.ts";

const granted = (rules: readonly Rule[]): Set<string> =>
  new Set(rules.flatMap((rule) => rule.resources.flatMap((resource) => rule.verbs.map((verb) => `${verb} ${resource}`))));

describe("what the operator asks of the API server", () => {
  it("is granted to it, in the life of a site and a tenant", async () => {
    const rig = operatorRig();
    const tenant = {
      apiVersion: "howdah.dev/v1alpha1",
      kind: "Tenant",
      metadata: { name: "acme" },
      spec: { roles: { viewer: { users: ["a"] } } },
    };
    await rig.api.apply(resources.Tenant, tenant);
    await rig.applySite();
    await rig.release("r1", "one");
    const setUp = new Set([...rig.api.asked]);
    rig.api.asked.clear();
    await rig.tenant("acme");
    await rig.settle();
    await rig.release("r2", "bad");
    rig.api.asked.delete("create releases");
    await rig.settle();
    const may = granted([...operatorRules, ...leaseRules]);
    expect([...rig.api.asked].filter((asked) => !may.has(asked))).toEqual([]);
    expect(setUp.size).toBeGreaterThan(0);
  });

  it("covers its watches", () => {
    const may = granted(operatorRules);
    const asked = WATCH_NAMES.flatMap((name) => ["list", "watch"].map((verb) => `${verb} ${resources[WATCHES[name].kind].plural}`));
    expect(asked.filter((right) => !may.has(right))).toEqual([]);
  });

  it("covers what it gives to people: nobody can give a right that he does not have", () => {
    const may = granted([...operatorRules, ...grantedOnRules]);
    const given = granted(Object.values(tenantRoles).flat());
    expect([...given].filter((right) => !may.has(right))).toEqual([]);
  });
});
