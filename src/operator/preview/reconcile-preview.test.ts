import { afterEach, describe, expect, it } from "vitest";
import { resources } from "../../kubernetes/resources.ts";
import { PRODUCTION } from "../../workflows/cluster/cluster-place.ts";
import { type Fleet, fleet } from "../testing/fleet.ts";
import { makeDataset, playSnapshots } from "../testing/played-snapshots.ts";

const SITE = "shop";
const NAMESPACE = "shop--review";
const php = { runtime: { php: "8.4" }, mounts: { files: {} } };
let one: Fleet;

afterEach(async () => one.stop());

/** A site that serves, with a dataset where one is wanted. */
async function production(spec: object = php, generations: readonly string[] = ["g1"]): Promise<void> {
  one = await fleet({ cascades: true });
  await one.makeSites([SITE]);
  await one.rest();
  await one.deploy(SITE, "r2", spec);
  await one.rest();
  await makeDataset(one.api, SITE, generations);
  await playSnapshots(one.api);
}

/** Until nothing more comes of it; the played controllers do their work, and the clock goes on. */
async function settle(seconds = 8): Promise<void> {
  for (let times = 0; times < seconds * 4; times += 1) {
    await one.rest();
    await playSnapshots(one.api);
    await one.clock.advance(250);
  }
  await one.rest();
}

async function apply(spec: object, name = "review", annotations: Readonly<Record<string, string>> = {}): Promise<void> {
  const object = { apiVersion: "howdah.dev/v1alpha1", kind: "Environment", metadata: { name, namespace: SITE, annotations } };
  await one.api.create(resources.Environment, { ...object, spec: { site: "blog", ...spec } });
  await settle();
}

const at = (kind: keyof typeof resources, name: string, namespace: string | undefined = NAMESPACE) =>
  one.api.get({ resource: resources[kind], namespace: resources[kind].namespaced ? namespace : undefined, name });

interface Status {
  readonly namespace?: string;
  readonly url?: string;
  readonly release?: string;
  readonly generation?: string;
  readonly reset?: string;
  readonly conditions: readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[];
}
const status = async (name = "review") => (await at("Environment", name, SITE))?.["status"] as Status;
const said = async (name?: string) => (await status(name)).conditions.map(({ type, status: is, reason }) => `${type}=${is} ${reason}`);
const message = async (type: string) => (await status()).conditions.find((condition) => condition.type === type)?.message ?? "";
const claims = async () => (await one.api.list(resources.PersistentVolumeClaim, { namespace: NAMESPACE })).items;
const leases = async () => {
  const data = (await at("ConfigMap", "howdah-dataset", SITE))?.["data"] as Record<string, string>;
  return Object.keys(data).filter((key) => key.startsWith("lease."));
};
const remove = async (name = "review") => {
  await one.api.delete(
    { resource: resources.Environment, namespace: SITE, name },
    { preconditions: { uid: (await at("Environment", name, SITE))?.metadata.uid ?? "" } },
  );
  await settle(3);
};
const annotate = async (annotations: Readonly<Record<string, string>>) => {
  await one.api.mergePatch({ resource: resources.Environment, namespace: SITE, name: "review" }, { metadata: { annotations } });
  await settle();
};

describe("an Environment with data", () => {
  it("serves copies of the current generation in a namespace of its own, guarded as its site's", async () => {
    await production();
    await apply({ data: { dataset: {} } });
    expect(await said()).toEqual(["Ready=True AllComponentsServing"]);
    expect(await status()).toMatchObject({
      namespace: NAMESPACE,
      release: "r2",
      generation: "g1",
      url: expect.stringContaining("review.shop.test"),
    });
    expect((await at("Namespace", NAMESPACE))?.metadata.labels).toMatchObject({
      "howdah.dev/tenant": "of-shop",
      "howdah.dev/environment-of": SITE,
    });
    const [files] = (await claims()).filter(({ metadata }) => metadata.name === "files");
    expect(files?.["spec"]).toMatchObject({
      ...{ storageClassName: "copies", accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "21474836480" } } },
      dataSource: { kind: "VolumeSnapshot", name: "files-g1" },
    });
    const content = await at("VolumeSnapshotContent", `${NAMESPACE}.files-g1`);
    expect(content?.["spec"]).toMatchObject({ deletionPolicy: "Retain", source: { snapshotHandle: "handle-g1-files-files" } });
    expect(await leases()).toEqual([`lease.${NAMESPACE}.g1`]);
    expect((await at("NetworkPolicy", "site-out"))?.["spec"]).toMatchObject({ egress: [{ to: [{ podSelector: {} }] }] });
    expect(one.complaints).toEqual([]);
  });

  it("costs no request while it is well", async () => {
    await production();
    await apply({ data: { dataset: {} } });
    one.takeRequests();
    for (let minutes = 0; minutes < 3; minutes += 1) {
      await one.clock.advance(60_000);
      await one.rest();
    }
    const writes = Object.keys(one.takeRequests()).filter((request) => !/^(get|list) /.test(request));
    expect(writes).toEqual([]);
  });

  it("is not the environment of its site's namespace: that goes on as it is", async () => {
    await production();
    const before = JSON.stringify(await at("Environment", PRODUCTION, SITE));
    await apply({ data: { fresh: {} } });
    expect(JSON.stringify(await at("Environment", PRODUCTION, SITE))).toBe(before);
    expect(await said()).toEqual(["Ready=True AllComponentsServing"]);
  });

  it("takes everything away when it is deleted, but the dataset's own snapshots", async () => {
    await production();
    await apply({ data: { dataset: {} } });
    await remove();
    expect(await at("Environment", "review", SITE)).toBeUndefined();
    expect(await at("Namespace", NAMESPACE)).toBeUndefined();
    expect(
      (await one.api.list(resources.VolumeSnapshotContent)).items.filter(({ metadata }) => metadata.name.startsWith(NAMESPACE)),
    ).toEqual([]);
    expect(await leases()).toEqual([]);
    expect(await at("VolumeSnapshot", "g1-files-files", SITE)).toBeDefined();
  });

  it("is made anew by the annotation, of its generation or of the one that it names", async () => {
    await production(php, ["g1"]);
    await apply({ data: { dataset: {} } });
    const [former] = await claims();
    await makeDataset(one.api, SITE, ["g1", "g2"]);
    await annotate({ "howdah.dev/reset": "a" });
    expect(await status()).toMatchObject({ generation: "g1", reset: "a" });
    expect((await claims())[0]?.metadata.uid).not.toBe(former?.metadata.uid);
    expect(await said()).toEqual(["Ready=True AllComponentsServing"]);
    await annotate({ "howdah.dev/reset": "current/b" });
    expect(await status()).toMatchObject({ generation: "g2", reset: "current/b" });
    expect(await leases()).toEqual([`lease.${NAMESPACE}.g2`]);
    expect(await at("VolumeSnapshot", "files-g1")).toBeUndefined();
    await annotate({ "howdah.dev/reset": "g1/c" });
    expect(await status()).toMatchObject({ generation: "g1", reset: "g1/c" });
  });

  it("gets another release when what it wants changes, and keeps its data", async () => {
    await production();
    await apply({ data: { dataset: {} } });
    const before = (await claims()).map(({ metadata }) => metadata.uid);
    await one.api.mergePatch(
      { resource: resources.Environment, namespace: SITE, name: "review" },
      { spec: { hostname: "try.example.org" } },
    );
    await settle();
    expect((await status()).url).toContain("try.example.org");
    expect((await claims()).map(({ metadata }) => metadata.uid)).toEqual(before);
  });

  it("keeps its release when its site gets another", async () => {
    await production();
    await apply({ data: { fresh: {} } });
    await one.deploy(SITE, "r3", php);
    await settle();
    expect((await status()).release).toBe("r2");
  });

  it("copies another environment, and has the copy for itself", async () => {
    await production();
    await apply({ data: { dataset: {} } });
    await apply({ data: { clone: { of: "review" } } }, "twin");
    expect(await said("twin")).toEqual(["Ready=True AllComponentsServing"]);
    const content = await at("VolumeSnapshotContent", "shop--twin.files-clone");
    expect(content?.["spec"]).toMatchObject({ deletionPolicy: "Delete", source: { snapshotHandle: "handle-for-shop--twin-files" } });
    await settle(70);
    const inSource = (await one.api.list(resources.VolumeSnapshot, { namespace: NAMESPACE })).items.map(({ metadata }) => metadata.name);
    expect(inSource.filter((name) => name.startsWith("for-"))).toEqual([]);
  });

  it("names everything that stands in for no secret, and goes on when somebody stored it", async () => {
    const variables = { KEY: { secret: "shop/key" }, MAIL: { secret: "mail/password" } };
    await production();
    await one.deploy(SITE, "r3", { ...php, variables, environments: { secrets: { "mail/password": { generate: true } } } });
    await apply({ data: { fresh: {} }, release: "r3" });
    expect(await message("Stalled")).toContain("shop/key");
    expect(await message("Stalled")).not.toContain("mail/password");
    const secret = { apiVersion: "v1", kind: "Secret", metadata: { name: "shop", namespace: NAMESPACE }, data: { key: "eA==" } };
    await one.api.create(resources.Secret, secret);
    await settle(20);
    expect(await said()).toEqual(["Ready=True AllComponentsServing"]);
    expect(Object.keys((await at("Secret", "mail"))?.["data"] as object)).toEqual(["password"]);
  });

  it.each([
    { what: "a release that is not there", spec: { data: { fresh: {} }, release: "r77" }, reason: "ReleaseUnknown" },
    { what: "another version of PHP", spec: { data: { fresh: {} }, php: "7.4" }, reason: "PhpNotBuilt" },
    { what: "a generation that is not there", spec: { data: { dataset: { generation: "g9" } } }, reason: "DatasetMissing" },
    { what: "itself", spec: { data: { clone: { of: "review" } } }, reason: "EnvironmentUnknown" },
    { what: "no environment", spec: { data: { clone: { of: "nobody" } } }, reason: "EnvironmentUnknown" },
  ])("says why it can't be made of $what", async ({ spec, reason }) => {
    await production();
    await apply(spec);
    expect(await said()).toEqual([`Ready=False ${reason}`, `Stalled=True ${reason}`]);
  });

  it("is refused beyond the limit, and made when there is room", async () => {
    await production({ ...php, environments: { limit: 1 } });
    await apply({ data: { fresh: {} } });
    await apply({ data: { fresh: {} } }, "second");
    expect(await said("second")).toContain("Stalled=True EnvironmentLimit");
    expect(await at("Namespace", "shop--second")).toBeUndefined();
    await remove();
    await settle(10);
    expect(await said("second")).toEqual(["Ready=True AllComponentsServing"]);
  });

  it("leaves a namespace of its name alone that is somebody else's", async () => {
    await production();
    await one.api.create(resources.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } });
    await apply({ data: { fresh: {} } });
    expect(await said()).toContain("Stalled=True NamespaceTaken");
    await remove();
    expect(await at("Namespace", NAMESPACE)).toBeDefined();
  });

  it("deletes itself when its time is over", async () => {
    await production();
    await apply({ data: { fresh: {} }, until: "2036-12-24T18:00:00Z" });
    expect(await said()).toEqual(["Ready=True AllComponentsServing"]);
    await one.api.mergePatch(
      { resource: resources.Environment, namespace: SITE, name: "review" },
      { spec: { until: "2026-01-01T00:00:00Z" } },
    );
    await settle();
    expect(await at("Environment", "review", SITE)).toBeUndefined();
    expect(await at("Namespace", NAMESPACE)).toBeUndefined();
  });

  it("says that its site is gone, and still goes when it is deleted", async () => {
    await production();
    await apply({ data: { fresh: {} } });
    const uid = (await at("Environment", PRODUCTION, SITE))?.metadata.uid ?? "";
    const site = { resource: resources.Site, namespace: SITE, name: "blog" };
    await one.api.delete(site, { preconditions: { uid: (await one.api.get(site))?.metadata.uid ?? "" } });
    await one.api.delete({ resource: resources.Environment, namespace: SITE, name: PRODUCTION }, { preconditions: { uid } });
    await settle(70);
    expect(await said()).toContain("Stalled=True SiteGone");
    await remove();
    expect(await at("Namespace", NAMESPACE)).toBeUndefined();
  });
});
