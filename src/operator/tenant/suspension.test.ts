import { expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { resources } from "../../kubernetes/resources.ts";
import { reconcileEnvironment } from "../environment/reconcile-environment.ts";
import { operatorRig } from "../testing/operator-rig.ts";

const never = new AbortController().signal;

async function rigWithTenant() {
  const rig = operatorRig();
  const suspend = (suspended: boolean) =>
    rig.api.apply(
      resources.Tenant,
      { apiVersion: "howdah.dev/v1alpha1", kind: "Tenant", metadata: { name: "acme" }, spec: { suspended } },
      { fieldManager: "kubectl" },
    );
  await suspend(false);
  await rig.tenant("acme");
  await rig.applySite();
  await rig.release("r1", "one");
  await rig.settle();
  return { rig, suspend };
}

it("an environment whose tenant is suspended rests, says so, and serves again when it is resumed", async () => {
  const { rig, suspend } = await rigWithTenant();
  expect(rig.page()).toBe("one");
  await suspend(true);
  await rig.settle();
  expect(rig.page()).toBe("503");
  expect(await rig.conditions("Environment", "production")).toEqual(["Ready=False TenantSuspended"]);
  await rig.release("r2", "two");
  await rig.settle();
  expect(rig.page()).toBe("503");
  await suspend(false);
  await rig.settle();
  expect(rig.page()).toBe("two");
  expect(await rig.conditions("Environment", "production")).toEqual(["Ready=True AllComponentsServing"]);
});

it("says why a suspension has to wait, and goes on", async () => {
  const { rig, suspend } = await rigWithTenant();
  await suspend(true);
  const engine: typeof rig.engine = {
    ...rig.engine,
    hold: () => Promise.reject(new HowdahError("database/unreachable", "The database server mariadb-11-8 does not run")),
  };
  const operator = { ...rig.operator, portsFor: () => ({ ...rig.ports, engine }) };
  await expect(reconcileEnvironment(operator)({ namespace: "acme", name: "production" }, never)).rejects.toThrow("does not run");
  expect(await rig.conditions("Environment", "production")).toContain("Reconciling=True DatabaseUnreachable");
  await rig.settle();
  expect(await rig.conditions("Environment", "production")).toEqual(["Ready=False TenantSuspended"]);
});

/** A Backup of the namespace is at this. */
async function backupAt(rig: Awaited<ReturnType<typeof rigWithTenant>>["rig"], current: object | null): Promise<void> {
  const place = { resource: resources.Backup, namespace: "acme", name: "site" };
  const metadata = { name: "site", namespace: "acme" };
  await rig.api.apply(resources.Backup, { apiVersion: "howdah.dev/v1alpha1", kind: "Backup", metadata, spec: {} }, { fieldManager: "t" });
  await rig.api.mergePatch(place, { status: { current } }, { subresource: "status" });
}

const restore = { what: "restore", id: "20261122-030405-ab12", why: "before a restore", job: "howdah-backup-site-1234abcd" };
const second = { ...restore, before: restore.id };

it("waits for a restore that replaces what is there, says so, and goes on", async () => {
  const { rig, suspend } = await rigWithTenant();
  await backupAt(rig, { ...second, made: true });
  await suspend(true);
  await rig.settle();
  expect([rig.page(), await rig.conditions("Environment", "production")]).toEqual([
    "one",
    ["Ready=True AllComponentsServing", "Reconciling=True SuspensionWaits"],
  ]);
  await backupAt(rig, null);
  await rig.settle();
  expect([rig.page(), await rig.conditions("Environment", "production")]).toEqual(["503", ["Ready=False TenantSuspended"]]);
});

it.each([
  { name: "replaces nothing yet", current: { ...restore, made: true }, page: "503" },
  { name: "is about to", current: second, page: "503" },
  { name: "has a Job that was not written down yet", current: second, job: true, page: "one" },
  { name: "is none", current: { ...restore, what: "backup", made: true }, page: "503" },
])("waits for no restore that $name: $page", async ({ current, job, page }) => {
  const { rig, suspend } = await rigWithTenant();
  await backupAt(rig, current);
  if (job === true) {
    const metadata = { name: restore.job, namespace: "acme" };
    await rig.api.create(resources.Job, { apiVersion: "batch/v1", kind: "Job", metadata, spec: {} });
  }
  await suspend(true);
  await rig.settle();
  expect(rig.page()).toBe(page);
});
