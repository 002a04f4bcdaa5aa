import { expect, it } from "vitest";
import { HAND_OVER_ANNOTATION } from "../../kernel/label.ts";
import { resources } from "../../kubernetes/resources.ts";
import { operatorRig } from "../testing/operator-rig.ts";

type Rig = ReturnType<typeof operatorRig>;

/** `acme` serves, and a developer has started things of his own beside it. */
async function acme() {
  const rig = operatorRig();
  const tenant = async (spec: object, annotations: object = {}): Promise<void> => {
    const place = { resource: resources.Tenant, namespace: undefined, name: "acme" };
    if ((await rig.api.get(place)) === undefined)
      await rig.api.create(resources.Tenant, { apiVersion: "howdah.dev/v1alpha1", kind: "Tenant", metadata: { name: "acme" }, spec });
    else await rig.api.mergePatch(place, { metadata: { annotations }, spec });
    for (let round = 0; round < 4; round += 1) {
      await rig.settle();
      await rig.tenant("acme");
    }
  };
  await tenant({ suspended: false, roles: { developer: { users: ["dev"] } } });
  await rig.applySite();
  await rig.release("r1", "one");
  await rig.settle();
  const make = (kind: "Job" | "Pod", name: string, more: object) =>
    rig.api.create(resources[kind], { apiVersion: resources[kind].version, kind, metadata: { name, namespace: "acme" }, ...more });
  await make("Job", "miner", { spec: { suspend: false } });
  await make("Job", "paused-by-hand", { spec: { suspend: true } });
  await make("Job", "over", { spec: { suspend: false }, status: { conditions: [{ type: "Complete", status: "True" }] } });
  await make("Pod", "lonely", { status: { phase: "Running" } });
  return { rig, tenant };
}

const quota = async (rig: Rig): Promise<unknown> =>
  ((await rig.object("ResourceQuota", "howdah-suspended"))?.["spec"] as { hard?: unknown } | undefined)?.hard;

const running = async (rig: Rig): Promise<readonly string[]> => {
  const { items: jobs } = await rig.api.list(resources.Job, { namespace: "acme" });
  const { items: pods } = await rig.api.list(resources.Pod, { namespace: "acme" });
  const active = jobs.filter(({ spec, metadata }) => metadata.name !== "over" && (spec as { suspend?: boolean }).suspend !== true);
  return [...active, ...pods].map(({ metadata }) => metadata.name);
};

const mayStart = async (rig: Rig): Promise<boolean> => {
  const { rules } = (await rig.object("Role", "howdah-developer")) as unknown as { rules: { resources: string[]; verbs: string[] }[] };
  return rules.some(({ resources: of, verbs }) => of.includes("pods/exec") || (of.includes("jobs") && verbs.includes("create")));
};

it("in a suspended tenant's namespace nothing runs but the page, and nobody starts anything; resumed, all is as before", async () => {
  const { rig, tenant } = await acme();
  expect([await quota(rig), await running(rig), await mayStart(rig)]).toEqual([undefined, ["miner", "lonely"], true]);
  await tenant({ suspended: true });
  expect(rig.page()).toBe("503");
  expect([await quota(rig), await running(rig), await mayStart(rig)]).toEqual([{ pods: "1" }, [], false]);
  await tenant({ suspended: false });
  expect(rig.page()).toBe("one");
  expect([await quota(rig), await running(rig), await mayStart(rig)]).toEqual([undefined, ["miner"], true]);
});

it("a namespace without a site lets no pod in at all", async () => {
  const rig = operatorRig();
  const spec = { suspended: true };
  await rig.api.create(resources.Tenant, { apiVersion: "howdah.dev/v1alpha1", kind: "Tenant", metadata: { name: "acme" }, spec });
  await rig.tenant("acme");
  expect(await quota(rig)).toEqual({ pods: "0" });
});

it("opens for the pod that reads what is handed over, and closes after it; its developers start nothing meanwhile", async () => {
  const { rig, tenant } = await acme();
  await tenant({ suspended: true });
  await tenant({}, { [HAND_OVER_ANNOTATION]: "true" });
  expect([await quota(rig), await running(rig), await mayStart(rig)]).toEqual([undefined, [], false]);
  await tenant({}, { [HAND_OVER_ANNOTATION]: null });
  expect(await quota(rig)).toEqual({ pods: "1" });
});

it("an environment does not start before its namespace is open", async () => {
  const { rig, tenant } = await acme();
  await tenant({ suspended: true });
  await rig.api.mergePatch({ resource: resources.Tenant, namespace: undefined, name: "acme" }, { spec: { suspended: false } });
  await rig.settle();
  expect(rig.page()).toBe("503");
  await rig.tenant("acme");
  await rig.settle();
  expect(rig.page()).toBe("one");
});
