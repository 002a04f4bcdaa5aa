import { describe, expect, it } from "vitest";
import { grantedOnRules, leaseRules, operatorRules, type Rule } from "../resources/install/operator-role.ts";
import { WATCH_NAMES, WATCHES } from "./controllers.ts";
import { operatorRig } from "./testing/operator-rig.ts";
import { resources } from "../kubernetes/resources.ts";
import { PRODUCTION } from "../workflows/cluster/cluster-place.ts";
import { fleet } from "./testing/fleet.ts";
import { tenantRoles } from "./tenant/tenant-roles.ts";

const granted = (rules: readonly Rule[]): Set<string> =>
  new Set(rules.flatMap((rule) => rule.resources.flatMap((resource) => rule.verbs.map((verb) => `${verb} ${resource}`))));

/** Rights that the life of a static site does not need, and what does. */
const elsewhere: readonly { readonly resources: readonly string[]; readonly because: string }[] = [
  { resources: ["persistentvolumeclaims"], because: "volumes of `mounts` and of databases" },
  { resources: ["statefulsets"], because: "databases" },
  { resources: ["jobs", "pods/exec", "pods/log"], because: "hooks, migrations and crons, and the words of pods that fail" },
  { resources: ["horizontalpodautoscalers"], because: "`scale.max`" },
  { resources: ["ingresses"], because: "clusters without a Gateway" },
  { resources: ["events"], because: "written by the wiring, read when a pod fails" },
  { resources: ["serviceaccounts"], because: "a tenant's pull secret" },
];
/** Given to developers by tenants' roles; asked by API servers from 1.35 on; made of a Site that was changed by hand. */
const others = ["delete secrets", "create pods/portforward", "create releases"];

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

  it("is all that is granted: watches, the life of a site, and what each exception names", async () => {
    const one = await fleet();
    const environment = { resource: resources.Environment, namespace: "site-1", name: PRODUCTION };
    const tenant = { resource: resources.Tenant, namespace: undefined, name: "of-site-1" };
    const roles = { viewer: { users: ["a"] } };
    const deeds: readonly (() => Promise<unknown>)[] = [
      () => one.makeSites(["site-1"]),
      () => one.deploy("site-1", "r2"),
      () => one.api.mergePatch(environment, { spec: { replicas: 3 } }),
      () => one.api.mergePatch(environment, { spec: { release: "r1", replicas: 1 } }),
      () => one.api.mergePatch(tenant, { spec: { quota: { pods: 20 }, limits: { max: { memory: "1Gi" } }, roles } }),
      () => one.api.mergePatch(tenant, { spec: { quota: null, limits: null, roles: null } }),
      ...Array.from({ length: 11 }, (_, index) => () => one.deploy("site-1", `r${String(index + 3)}`)),
      async () => one.api.delete(environment, { preconditions: { uid: (await one.api.get(environment))?.metadata.uid ?? "" } }),
    ];
    for (const deed of deeds) {
      await deed();
      await one.rest();
    }
    await one.stop();
    const asked = new Set(Object.keys(one.takeRequests()));
    // What an apply makes needs both rights, and a watch lists.
    const watched = WATCH_NAMES.flatMap((name) => ["list", "watch"].map((verb) => `${verb} ${resources[WATCHES[name].kind].plural}`));
    const used = new Set([...asked, ...watched, ...[...asked].map((right) => right.replace(/^patch /, "create "))]);
    const unused = [...granted(operatorRules)].filter((right) => !used.has(right) && !others.includes(right));
    const excepted = elsewhere.flatMap((exception) => exception.resources);
    expect(unused.filter((right) => !excepted.includes(right.split(" ")[1] ?? ""))).toEqual([]);
    expect(excepted.filter((resource) => !unused.some((right) => right.endsWith(` ${resource}`)))).toEqual([]);
    // Whether secrets are left it asks, and takes a no for "maybe".
    expect([...asked].filter((right) => !granted(operatorRules).has(right))).toEqual(["list secrets"]);
  });

  it("covers what it gives to people: nobody can give a right that he does not have", () => {
    const may = granted([...operatorRules, ...grantedOnRules]);
    const given = granted(Object.values(tenantRoles).flat());
    expect([...given].filter((right) => !may.has(right))).toEqual([]);
  });
});
