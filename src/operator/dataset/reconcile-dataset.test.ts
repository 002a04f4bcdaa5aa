import { describe, expect, it } from "vitest";
import { resources } from "../../kubernetes/resources.ts";
import { datasetRig, generation } from "./testing/dataset-rig.ts";

const BREED = "howdah.dev/breed";
const DELETE = "howdah.dev/delete-datasets";

/** Bred to the end, as a Job does it. */
async function breed(one: Awaited<ReturnType<typeof datasetRig>>, id: string): Promise<void> {
  await one.ask({ [BREED]: id });
  await one.bred(id, "verifying");
  await one.look();
  await one.published(id);
  await one.ended(true, { generation: id });
  await one.look();
  await one.podsGone();
  await one.look();
}

describe("a Dataset", () => {
  it("breeds when it is asked, tells each step, and is ready when its Job has published", async () => {
    const one = await datasetRig();
    await one.look();
    expect(await one.conditions()).toEqual(["Ready=False NotYet"]);
    await one.ask({ [BREED]: "1" });
    expect(one.jobs()).toHaveLength(1);
    await one.bred("g1", "masking");
    await one.look();
    expect((await one.status()).breeding).toMatchObject({ generation: "g1", step: "masking", why: "asked", made: true });
    expect(await one.conditions()).toEqual(["Ready=False NotYet", "Reconciling=True Breeding"]);
    await one.published("g1");
    await one.ended(true, { generation: "g1" });
    await one.look();
    expect(await one.conditions()).toEqual(["Ready=True Published", "Reconciling=True ClearingAway"]);
    await one.podsGone();
    await one.look();
    const { generation: current, bred, breeding, generations } = await one.status();
    expect({ current, bred, breeding, state: generations?.[0]?.state }).toEqual({
      ...{ current: "g1", bred: "2026-11-22T11:59:00Z", breeding: undefined, state: "current" },
    });
    expect([await one.conditions(), one.jobs(), one.snapshots(), one.rig.events]).toEqual([
      ...[["Ready=True Published"], [], ["acme.g1.database"], ["Normal Published"]],
    ]);
  });

  it("asks for room by the size of the database, and for the classes that fit its storage", async () => {
    const one = await datasetRig();
    await one.ask({ [BREED]: "1" });
    const text = JSON.stringify(one.jobs()[0]);
    for (const words of ['"storage":"17Gi"', '"storage":"11Gi"', '"storageClassName":"fast"', String.raw`\"snapshotClassName\":\"snaps\"`])
      expect(text).toContain(words);
    const secret = await one.rig.object("Secret", "dataset");
    expect(Object.keys(secret?.["data"] ?? {})).toEqual(["mask-key"]);
  });

  it("tells what a cluster lacks for snapshots, and makes no Job", async () => {
    const one = await datasetRig({ snapshots: false });
    await one.ask({ [BREED]: "1" });
    expect(await one.conditions()).toEqual(["Ready=False DatasetStorageBroken", "Stalled=True DatasetStorageBroken"]);
    expect((await one.status()).failed?.message).toMatch(/fast is of the driver csi\.test, which has no VolumeSnapshotClass here/);
    expect(one.jobs()).toEqual([]);
  });

  it("keeps what is published when a breed fails, destroys what that left, and says the next step", async () => {
    const one = await datasetRig();
    await breed(one, "g1");
    await one.ask({ [BREED]: "2" });
    await one.bred("g2", "preflight");
    await one.ended(false, { failed: { code: "dataset/unclassified", message: "No rule says what becomes of users.email" } });
    await one.look();
    await one.podsGone();
    await one.look();
    expect(await one.conditions()).toEqual(["Ready=True Published", "Stalled=True DatasetUnclassified"]);
    expect((await one.status()).failed?.message).toMatch(/users\.email\. `howdah dataset scan/);
    expect([one.snapshots(), (await one.status()).generation]).toEqual([["acme.g1.database"], "g1"]);
    await breed(one, "g3");
    expect([await one.conditions(), (await one.status()).failed]).toEqual([["Ready=True Published"], undefined]);
  });

  it.each([
    { what: "before it was sealed", state: "verifying", conditions: ["Ready=False DatasetFailed", "Stalled=True DatasetFailed"], left: [] },
    { what: "after it was sealed", state: "sealed", conditions: ["Ready=True Published"], left: ["acme.g1.database"] },
  ] as const)("ends a breed whose pod was killed $what, once its pods are gone", async ({ state, conditions, left }) => {
    const one = await datasetRig();
    await one.ask({ [BREED]: "1" });
    await one.bred("g1", state);
    await one.ended(false, "");
    await one.look();
    expect(await one.datasets.journals.get("acme")).toBeDefined();
    await one.podsGone();
    await one.look();
    expect([await one.conditions(), one.snapshots()]).toEqual([conditions, left]);
    expect(await one.datasets.journals.get("acme")).toBeUndefined();
  });

  it("ends a breed whose Job somebody deleted", async () => {
    const one = await datasetRig();
    await one.ask({ [BREED]: "1" });
    await one.bred("g1", "masking");
    await one.look();
    const [job] = one.jobs();
    const name = { resource: resources.Job, namespace: "acme", name: job?.metadata.name ?? "" };
    await one.api.delete(name, { preconditions: { uid: job?.metadata.uid ?? "" } });
    await one.podsGone();
    await one.look();
    expect([(await one.status()).failed?.message, one.snapshots()]).toEqual(["Its Job was deleted before it ended", []]);
  });

  it("keeps as many as its site says, and what environments hold until they let go", async () => {
    const one = await datasetRig();
    await breed(one, "g1");
    await one.datasets.leases.put("acme--a.g1", { site: "acme", generation: "g1", holder: "acme--a", since: "" });
    await breed(one, "g2");
    const g1 = (await one.status()).generations?.find(({ id }) => id === "g1");
    expect([g1?.state, g1?.holders, one.snapshots()]).toEqual(["draining", ["acme--a"], ["acme.g1.database", "acme.g2.database"]]);
    await one.datasets.leases.remove("acme--a.g1");
    await one.look();
    expect(one.snapshots()).toEqual(["acme.g2.database"]);
  });

  it("breeds at its schedule, once for each time, and not while it is suspended", async () => {
    const one = await datasetRig({ spec: { schedule: "0 3 * * *", timeZone: "Europe/Berlin" } });
    await one.look();
    expect((await one.status()).next).toMatch(/^2026-11-23T02:00/);
    one.clock.now = Date.parse("2026-11-23T02:01:30Z");
    await one.look();
    expect((await one.status()).breeding).toMatchObject({ why: "schedule" });
    await one.bred("g1", "masking");
    await one.ended(false, "");
    await one.podsGone();
    await one.look();
    expect([(await one.status()).breeding, (await one.status()).next]).toEqual([undefined, expect.stringMatching(/^2026-11-24T02:00/)]);
    await one.api.mergePatch(one.place, { spec: { suspend: true } });
    one.clock.now = Date.parse("2026-11-24T02:01:30Z");
    await one.look();
    expect([(await one.status()).breeding, (await one.status()).next]).toEqual([undefined, undefined]);
  });

  it("deletes what it is asked to, but nothing that is used, and nothing that a former Dataset was asked for", async () => {
    const one = await datasetRig();
    await breed(one, "g1");
    await breed(one, "g2");
    await one.datasets.generations.put("acme.g1", generation("g1", "draining"));
    await one.datasets.leases.put("acme--a.g2", { site: "acme", generation: "g2", holder: "acme--a", since: "" });
    await one.ask({ [DELETE]: "g2/1" });
    expect((await one.status()).deleted).toEqual({ asked: "g2/1", generations: [], message: "g2 is used by acme--a" });
    await one.datasets.leases.remove("acme--a.g2");
    await one.ask({ [DELETE]: "all/2" });
    expect([(await one.status()).deleted?.generations, one.snapshots()]).toEqual([expect.arrayContaining(["g2"]), []]);
    expect(await one.conditions()).toEqual(["Ready=False NotYet"]);
    const again = await datasetRig();
    await again.datasets.generations.put("acme.g1", generation("g1", "current"));
    await again.datasets.current.put("acme", { site: "acme", generation: "g1", since: "" });
    await again.ask({ [DELETE]: "all/2" });
    expect((await again.status()).generation).toBe("g1");
  });

  it("stays while environments use what it bred, when it is deleted, and takes all away then", async () => {
    const one = await datasetRig();
    await breed(one, "g1");
    await one.datasets.leases.put("acme--a.g1", { site: "acme", generation: "g1", holder: "acme--a", since: "" });
    const uid = (await one.api.get(one.place))?.metadata.uid ?? "";
    await one.api.delete(one.place, { preconditions: { uid } });
    await one.look();
    expect([await one.conditions(), one.snapshots()]).toEqual([
      ["Ready=False Deleting", "Reconciling=True Deleting"],
      ["acme.g1.database"],
    ]);
    await one.datasets.leases.remove("acme--a.g1");
    await one.look();
    expect([await one.api.get(one.place), one.snapshots()]).toEqual([undefined, []]);
  });

  it("is stalled without a Site of its name", async () => {
    const one = await datasetRig();
    const metadata = { name: "shop", namespace: "acme" };
    await one.api.create(resources.Dataset, { apiVersion: "howdah.dev/v1alpha1", kind: "Dataset", metadata, spec: {} });
    const { reconcileDataset } = await import("./reconcile-dataset.ts");
    await reconcileDataset(one.portsOn(one.api, one.datasets))({ namespace: "acme", name: "shop" }, new AbortController().signal);
    const found = (await one.api.get({ ...one.place, name: "shop" })) as { status?: { conditions?: { reason: string }[] } };
    expect(found.status?.conditions?.map(({ reason }) => reason)).toEqual(["SiteMissing", "SiteMissing"]);
  });
});
