import { describe, expect, it } from "vitest";
import { resources } from "../kubernetes/resources.ts";
import { operatorRig } from "./testing/operator-rig.ts";

const statusOf = async (rig: ReturnType<typeof operatorRig>, kind: "Site" | "Environment", name: string) =>
  ((await rig.object(kind, name)) as { status?: Record<string, unknown> } | undefined)?.status ?? {};

describe("a site in a cluster", () => {
  it("waits for its first release, then serves each new one", async () => {
    const rig = operatorRig();
    await rig.applySite();
    await rig.settle();
    expect(await rig.conditions("Site", "blog")).toEqual(["Ready=False NoRelease"]);
    await rig.release("r1", "one");
    await rig.settle();
    expect(await rig.conditions("Site", "blog")).toEqual(["Ready=True AllComponentsServing"]);
    expect(await statusOf(rig, "Site", "blog")).toMatchObject({ url: "http://blog.localhost", release: "r1" });
    await rig.release("r2", "two");
    await rig.settle();
    expect([rig.page(), (await statusOf(rig, "Site", "blog"))["release"]]).toEqual(["two", "r2"]);
    expect(rig.events).toEqual(["Normal ReleaseServes", "Normal ReleaseServes"]);
  });

  it("says why a release does not serve, tells it once, and serves the next", async () => {
    const rig = operatorRig();
    await rig.applySite();
    await rig.release("r1", "one");
    await rig.settle();
    await rig.release("r2", "bad");
    await rig.settle();
    expect(await rig.conditions("Site", "blog")).toEqual(["Ready=True AllComponentsServing", "Stalled=True Crashed"]);
    expect(rig.page()).toBe("one");
    await rig.release("r3", "three");
    await rig.settle();
    expect(await rig.conditions("Site", "blog")).toEqual(["Ready=True AllComponentsServing"]);
    expect(rig.events.filter((event) => event.startsWith("Warning"))).toHaveLength(1);
  });

  it("serves the release that is pinned, and copies as many as are asked for", async () => {
    const rig = operatorRig();
    await rig.applySite();
    await rig.release("r1", "one");
    await rig.release("r2", "two");
    await rig.settle();
    const name = { resource: resources.Environment, namespace: "acme", name: "production" };
    await rig.api.mergePatch(name, { spec: { release: "r1", replicas: 3 } });
    await rig.settle();
    expect([rig.page(), await statusOf(rig, "Environment", "production")]).toMatchObject(["one", { release: "r1", replicas: 3 }]);
    await rig.api.mergePatch(name, { spec: { release: "r9" } });
    await rig.settle();
    expect(await rig.conditions("Environment", "production")).toEqual(["Ready=True AllComponentsServing", "Stalled=True ReleaseUnknown"]);
  });

  it("counts PHP's pods where nginx has a number of its own: it is those that are scaled", async () => {
    const rig = operatorRig();
    await rig.applySite();
    await rig.release("r1", "one", { runtime: { php: "8.4" }, topology: "apart", scale: { replicas: 3, web: { replicas: 1 } } });
    await rig.settle();
    expect(await statusOf(rig, "Environment", "production")).toMatchObject({
      replicas: 3,
      selector: expect.stringContaining("app.kubernetes.io/component=php"),
    });
  });

  it("names what is wrong with it by field", async () => {
    const rig = operatorRig();
    await rig.applySite({ source: "../other" });
    await rig.settle();
    expect(await rig.conditions("Site", "blog")).toEqual(["Ready=False SiteInvalid", "Stalled=True SiteInvalid"]);
    expect(JSON.stringify(await statusOf(rig, "Site", "blog"))).toContain("spec.source: must be a path");
  });

  it("does not take the namespace of another", async () => {
    const rig = operatorRig();
    await rig.applySite();
    await rig.applySite({}, "shop");
    await rig.settle();
    expect(await rig.conditions("Site", "shop")).toEqual(["Ready=False NamespaceTaken", "Stalled=True NamespaceTaken"]);
    expect((await rig.object("Environment", "production"))?.["spec"]).toEqual({ site: "blog" });
  });

  it("is taken down when it is deleted, and its releases and state stay", async () => {
    const rig = operatorRig();
    await rig.applySite();
    await rig.release("r1", "one");
    await rig.settle();
    const environment = await rig.object("Environment", "production");
    const name = { resource: resources.Environment, namespace: "acme", name: "production" };
    await rig.api.delete(name, { preconditions: { uid: environment?.metadata.uid ?? "" } });
    await rig.api.delete(
      { ...name, resource: resources.Site, name: "blog" },
      { preconditions: { uid: (await rig.object("Site", "blog"))?.metadata.uid ?? "" } },
    );
    await rig.settle();
    expect(await rig.object("Environment", "production")).toBeUndefined();
    expect((await rig.engine.observe("acme")).workloads).toEqual([]);
    expect(await rig.object("Release", "r1")).toBeDefined();
  });

  it("goes with its namespace when a person deletes that: nothing more is written into it", async () => {
    const rig = operatorRig();
    await rig.applySite();
    await rig.release("r1", "one");
    await rig.settle();
    const namespace = { resource: resources.Namespace, namespace: undefined, name: "acme" };
    const metadata = { name: "acme", finalizers: ["kubernetes"] };
    const { metadata: made } = await rig.api.create(resources.Namespace, { apiVersion: "v1", kind: "Namespace", metadata });
    await rig.api.delete(namespace, { preconditions: { uid: made.uid ?? "" } });
    const environment = { resource: resources.Environment, namespace: "acme", name: "production" };
    await rig.api.delete(environment, { preconditions: { uid: (await rig.object("Environment", "production"))?.metadata.uid ?? "" } });
    const writes = rig.api.writes.length;
    await rig.settle();
    expect(rig.api.writes.slice(writes)).toEqual(["patch Environment/acme/production"]);
    expect(await rig.object("Environment", "production")).toBeUndefined();
  });

  it("keeps as many releases as its file says, and those that serve", async () => {
    const rig = operatorRig();
    await rig.applySite();
    for (const [id, image] of [
      ["r1", "one"],
      ["r2", "two"],
      ["r3", "three"],
    ] as const) {
      await rig.release(id, image, { releases: { keep: 2 } });
      await rig.settle();
    }
    expect(rig.api.all("Release").map(({ metadata }) => metadata.name)).toEqual(["r2", "r3"]);
  });
});

describe("a tenant", () => {
  const tenant = (spec: object) => ({ apiVersion: "howdah.dev/v1alpha1", kind: "Tenant", metadata: { name: "acme" }, spec });

  it("gets its namespace, guarded, and nothing is written a second time", async () => {
    const rig = operatorRig();
    const spec = { quota: { pods: 10 }, limits: { max: { memory: "1Gi" } }, roles: { developer: { users: ["ann"] } } };
    await rig.api.apply(resources.Tenant, tenant(spec));
    await rig.tenant("acme");
    expect(await rig.conditions("Tenant", "acme")).toEqual(["Ready=True NamespacesGuarded"]);
    expect((await rig.object("Namespace", "acme"))?.metadata.labels).toMatchObject({
      "howdah.dev/tenant": "acme",
      "pod-security.kubernetes.io/enforce": "restricted",
    });
    const names = ["ResourceQuota", "LimitRange", "NetworkPolicy", "Role", "RoleBinding"].flatMap((kind) =>
      rig.api.all(kind).map(({ metadata }) => `${kind}/${metadata.name}`),
    );
    expect(names).toEqual([
      "ResourceQuota/howdah-tenant",
      "LimitRange/howdah-tenant",
      "NetworkPolicy/default-deny",
      "NetworkPolicy/allow-dns",
      "Role/howdah-developer",
      "RoleBinding/howdah-developer",
    ]);
    await rig.tenant("acme");
    const writes = rig.api.writes.length;
    await rig.tenant("acme");
    expect(rig.api.writes.slice(writes)).toEqual([]);
  });

  it("loses what it no longer asks for, and gets back what somebody took away", async () => {
    const rig = operatorRig();
    await rig.api.apply(resources.Tenant, tenant({ quota: { pods: 10 } }));
    await rig.tenant("acme");
    const policy = { resource: resources.NetworkPolicy, namespace: "acme", name: "default-deny" };
    await rig.api.delete(policy, { preconditions: { uid: (await rig.object("NetworkPolicy", "default-deny"))?.metadata.uid ?? "" } });
    await rig.api.apply(resources.Tenant, tenant({}));
    await rig.tenant("acme");
    expect(rig.api.all("ResourceQuota")).toEqual([]);
    expect(await rig.object("NetworkPolicy", "default-deny")).toBeDefined();
  });

  it("gets the registry's secret in each namespace, on the default service account beside those of others", async () => {
    const rig = operatorRig();
    const secret = (namespace: string) => ({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "registry", namespace },
      type: "x",
      data: { a: "Yg==" },
    });
    const account = {
      apiVersion: "v1",
      kind: "ServiceAccount",
      metadata: { name: "default", namespace: "acme" },
      imagePullSecrets: [{ name: "old" }],
    };
    await rig.api.create(resources.ServiceAccount, account);
    await rig.api.apply(resources.Tenant, tenant({ pullSecret: "registry" }));
    // Nobody watches secrets: one that comes, or changes, is found by looking again.
    expect(await rig.tenant("acme")).toEqual({ again: 30_000 });
    expect(await rig.conditions("Tenant", "acme")).toEqual(["Ready=False PullSecretMissing"]);
    await rig.api.create(resources.Secret, secret("howdah-system"));
    expect(await rig.tenant("acme")).toEqual({ again: 900_000 });
    expect(await rig.conditions("Tenant", "acme")).toEqual(["Ready=True NamespacesGuarded"]);
    expect((await rig.object("Secret", "registry"))?.["data"]).toEqual({ a: "Yg==" });
    expect((await rig.object("ServiceAccount", "default"))?.["imagePullSecrets"]).toEqual([{ name: "old" }, { name: "registry" }]);
  });

  it.each([
    { name: "the cluster's own", spec: { namespaces: ["kube-system"] } },
    { name: "another tenant's", spec: { namespaces: ["theirs"] } },
    { name: "somebody's, unless it is named", spec: {} },
  ])("takes no namespace that is $name", async ({ spec }) => {
    const rig = operatorRig();
    const namespace = (name: string, labels: Record<string, string>) => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels },
    });
    await rig.api.create(resources.Namespace, namespace("theirs", { "howdah.dev/tenant": "other" }));
    await rig.api.create(resources.Namespace, namespace("acme", {}));
    await rig.api.apply(resources.Tenant, tenant(spec));
    await rig.tenant("acme");
    expect(await rig.conditions("Tenant", "acme")).toEqual(["Ready=False NamespaceTaken", "Stalled=True NamespaceTaken"]);
  });

  it("stays, when it is deleted, until its namespaces are gone: they hold data", async () => {
    const rig = operatorRig();
    await rig.api.apply(resources.Tenant, tenant({}));
    await rig.tenant("acme");
    const uid = (await rig.object("Tenant", "acme"))?.metadata.uid ?? "";
    await rig.api.delete({ resource: resources.Tenant, namespace: undefined, name: "acme" }, { preconditions: { uid } });
    await rig.tenant("acme");
    expect(await rig.conditions("Tenant", "acme")).toEqual(["Ready=False NamespacesRemain", "Stalled=True NamespacesRemain"]);
    const namespace = { resource: resources.Namespace, namespace: undefined, name: "acme" };
    await rig.api.mergePatch(namespace, { metadata: { labels: { "howdah.dev/tenant": null } } });
    await rig.tenant("acme");
    expect(await rig.object("Tenant", "acme")).toBeUndefined();
    expect(await rig.object("Namespace", "acme")).toBeDefined();
  });
});
