import { describe, expect, it, vi } from "vitest";
import type { ErrorCode } from "../kernel/error-catalog.ts";
import { HowdahError } from "../kernel/howdah-error.ts";
import { resources } from "../kubernetes/resources.ts";
import { reconcileEnvironment } from "./environment/reconcile-environment.ts";
import { operatorRig } from "./testing/operator-rig.ts";

const never = new AbortController().signal;

const statusOf = async (rig: ReturnType<typeof operatorRig>, kind: "Site" | "Environment", name: string) =>
  ((await rig.object(kind, name)) as { status?: Record<string, unknown> } | undefined)?.status ?? {};

const stateOf = async (rig: ReturnType<typeof operatorRig>, release: string): Promise<string | undefined> =>
  ((await rig.object("Release", release))?.["status"] as { state?: string } | undefined)?.state;

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

  it("says in its status what a release waits for while it is taken into service, and no longer when it serves", async () => {
    const rig = operatorRig();
    await rig.applySite();
    await rig.release("r1", "one");
    const going = async (): Promise<string> => {
      const { conditions = [] } = (await statusOf(rig, "Environment", "production")) as {
        conditions?: { type: string; message: string }[];
      };
      return conditions.find(({ type }) => type === "Reconciling")?.message ?? "";
    };
    const told: string[] = [];
    const engine: typeof rig.engine = {
      ...rig.engine,
      apply: async (namespace, step, context) => {
        if (step.key === "Deployment/web") {
          context.emit({ type: "notice", level: "warning", message: "web waits: no node takes the pod: 0/3 nodes are available" });
          await vi.waitFor(async () => expect(await going()).toContain("0/3"));
          told.push(await going());
        }
        return rig.engine.apply(namespace, step, context);
      },
    };
    const operator = { ...rig.operator, lookPortsFor: () => ({ ...rig.ports, engine }) };
    await rig.settle();
    await rig.release("r2", "two");
    await reconcileEnvironment(operator)({ namespace: "acme", name: "production" }, never);
    expect(told).toEqual(["r2 is taken into service; web waits: no node takes the pod: 0/3 nodes are available"]);
    expect([await going(), rig.page()]).toEqual(["", "two"]);
  });

  /** Looks at r2, whose pods are waited for, without a word yet of why, while `change` is made. */
  async function whileWaiting(change: (rig: ReturnType<typeof operatorRig>) => Promise<unknown>) {
    const rig = operatorRig();
    await rig.applySite();
    await rig.release("r1", "one");
    await rig.settle();
    await rig.release("r2", "two");
    const engine: typeof rig.engine = {
      ...rig.engine,
      apply: async (namespace, step, context) => {
        if (step.key !== "Deployment/web" || context.reached === undefined) return rig.engine.apply(namespace, step, context);
        await context.reached("start");
        await change(rig);
        await vi.waitFor(() => expect(context.signal.aborted).toBe(true));
        throw new HowdahError("cancelled", "Stopped while new pods were started");
      },
    };
    const operator = { ...rig.operator, lookPortsFor: () => ({ ...rig.ports, engine }) };
    expect(await reconcileEnvironment(operator)({ namespace: "acme", name: "production" }, never)).toEqual({ again: 0 });
    expect([rig.page(), await stateOf(rig, "r2")]).toEqual(["one", "interrupted"]);
    await rig.settle();
    return rig;
  }

  it("gives a release up that waits for its pods when a person wants another one", async () => {
    const rig = await whileWaiting((there) => there.release("r3", "three"));
    expect([rig.page(), await stateOf(rig, "r3")]).toEqual(["three", "serving"]);
  });

  it("gives a release up that waits for its pods when it is deleted, and is taken down", async () => {
    const rig = await whileWaiting(async (there) => {
      for (const [kind, name] of [
        ["Site", "blog"],
        ["Environment", "production"],
      ] as const) {
        const uid = (await there.object(kind, name))?.metadata.uid ?? "";
        await there.api.delete({ resource: resources[kind], namespace: "acme", name }, { preconditions: { uid } });
      }
    });
    expect(await rig.object("Environment", "production")).toBeUndefined();
    expect((await rig.engine.observe("acme")).workloads).toEqual([]);
  });

  it("waits with a new release while a Backup puts a former state in place, and goes on with one that was begun before", async () => {
    const rig = operatorRig();
    await rig.applySite();
    await rig.release("r1", "one");
    await rig.settle();
    const place = { resource: resources.Backup, namespace: "acme", name: "site" };
    const metadata = { name: "site", namespace: "acme" };
    await rig.api.create(resources.Backup, { apiVersion: "howdah.dev/v1alpha1", kind: "Backup", metadata, spec: {} });
    const current = { what: "restore", id: "20261120-030405-ab12", why: "before a restore", job: "j" };
    await rig.api.mergePatch(place, { status: { current } }, { subresource: "status" });
    const look = () => reconcileEnvironment(rig.operator)({ namespace: "acme", name: "production" }, never);
    expect(await look()).toEqual({ again: 900_000 });
    await rig.release("r2", "two");
    expect(await look()).toEqual({ again: 5000 });
    expect(await rig.conditions("Environment", "production")).toContain("Reconciling=True RolloutQueued");
    const environment = { resource: resources.Environment, namespace: "acme", name: "production" };
    const begun = (rollout: object | null) => rig.api.mergePatch(environment, { status: { rollout } }, { subresource: "status" });
    await begun({ release: "r2", step: "build" });
    await look();
    expect(await stateOf(rig, "r2")).toBe("serving");
    await begun(null);
    await rig.release("r3", "three");
    await look();
    expect(await stateOf(rig, "r3")).not.toBe("serving");
    await rig.api.mergePatch(place, { status: { current: null } }, { subresource: "status" });
    await look();
    expect(await stateOf(rig, "r3")).toBe("serving");
  });

  it("waits for its turn with a new release while others' rollouts have theirs, and says so once; what serves needs no turn", async () => {
    const rig = operatorRig();
    await rig.applySite();
    await rig.release("r1", "one");
    await rig.settle();
    const rollouts = { underWay: new Set(["shop"]), most: 1 };
    const look = () => reconcileEnvironment(rig.operator, new Map(), rollouts)({ namespace: "acme", name: "production" }, never);
    expect(await look()).toEqual({ again: 900_000 });
    await rig.release("r2", "two");
    expect(await look()).toEqual({ again: 5000 });
    expect(await rig.conditions("Environment", "production")).toEqual([
      "Ready=True AllComponentsServing",
      "Reconciling=True RolloutQueued",
    ]);
    const writes = rig.api.writes.length;
    expect([await look(), rig.api.writes.length]).toEqual([{ again: 5000 }, writes]);
    rollouts.underWay.clear();
    expect([await look(), rig.page(), [...rollouts.underWay]]).toEqual([{ again: 900_000 }, "two", []]);
    await rig.release("r3", "bad");
    expect([await look(), rig.page(), [...rollouts.underWay]]).toEqual([{ again: 10_000 }, "two", []]);
  });

  it("does not forget, while it waits for its turn, that a person asked for a failed release once more", async () => {
    const rig = operatorRig();
    await rig.applySite();
    await rig.release("r1", "one");
    await rig.settle();
    await rig.release("r2", "bad");
    await rig.settle();
    const name = { resource: resources.Environment, namespace: "acme", name: "production" };
    await rig.api.mergePatch(name, { metadata: { annotations: { "howdah.dev/retry": "now" } } });
    const rollouts = { underWay: new Set(["shop"]), most: 1 };
    const look = () => reconcileEnvironment(rig.operator, new Map(), rollouts)(name, never);
    expect([await look(), await look()]).toEqual([{ again: 5000 }, { again: 5000 }]);
    rollouts.underWay.clear();
    expect(await look()).toEqual({ again: 10_000 });
  });

  it("says of several pods whose release has no server of sessions that logins don't hold, and how they would", async () => {
    const rig = operatorRig();
    await rig.applySite({ runtime: { php: "8.4" } });
    await rig.release("r1", "one", { runtime: { php: "8.4" } });
    await rig.settle();
    expect(await rig.conditions("Environment", "production")).toEqual(["Ready=True AllComponentsServing"]);
    await rig.api.mergePatch({ resource: resources.Environment, namespace: "acme", name: "production" }, { spec: { replicas: 2 } });
    await rig.settle();
    expect(await rig.conditions("Site", "blog")).toEqual(["Ready=True AllComponentsServing", "Stalled=True BuildNeeded"]);
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

describe("what serves, and could not be put right", () => {
  /**
   * Looks `times` times at an environment of which somebody took the route away, `failing` times with a failure: when it is due by itself, or, as
   * something changes, after so many milliseconds.
   */
  async function looks(code: ErrorCode, failing: number, times: number, changes: Readonly<Record<number, number>> = {}) {
    const rig = operatorRig();
    await rig.applySite();
    await rig.release("r1", "one");
    await rig.settle();
    const apply: typeof rig.engine.apply = (...asked) => rig.engine.apply(...asked);
    let left = failing;
    const engine: typeof rig.engine = {
      ...rig.engine,
      apply: async (...asked) => {
        left -= 1;
        if (left >= 0) throw new HowdahError(code, "something is in the way");
        await apply(...asked);
      },
    };
    const key = [...(await rig.engine.inventory("acme")).objects.keys()].find((one) => one.startsWith("HTTPRoute/")) ?? "HTTPRoute/";
    await apply("acme", { do: "delete", key, because: "test" }, { emit: () => undefined, signal: never });
    let now = Date.parse("2026-11-22T12:00:00Z");
    const clock = { now: () => now, sleep: () => Promise.resolve() };
    const ports = { ...rig.ports, engine };
    const look = reconcileEnvironment({ ...rig.operator, clock, portsFor: () => ports, lookPortsFor: () => ports });
    const outcomes: (number | string)[] = [];
    const writes: number[] = [];
    for (let time = 0; time < times; time += 1) {
      const outcome = await look({ namespace: "acme", name: "production" }, never).catch((error: Error) => error);
      outcomes.push(outcome instanceof Error ? outcome.name : (outcome.again ?? 0));
      now += changes[time] ?? (typeof outcomes.at(-1) === "number" ? Number(outcomes.at(-1)) : 0);
      writes.push(rig.api.writes.length);
    }
    const isBack = (await rig.engine.inventory("acme")).objects.has(key);
    return { outcomes, writes, isBack, conditions: await rig.conditions("Environment", "production") };
  }
  const well = "Ready=True AllComponentsServing";

  it("since somebody changed it meanwhile, is looked at again after a second, and nothing is said of it", async () => {
    expect(await looks("cluster/conflict", 1, 1)).toMatchObject({ outcomes: [1000], conditions: [well] });
    expect(await looks("cluster/conflict", 1, 2)).toMatchObject({ outcomes: [1000, 900_000], isBack: true, conditions: [well] });
  });

  it("though it was tried again and again, has its reason in the status, and is tried later and later", async () => {
    expect(await looks("cluster/conflict", 9, 5)).toMatchObject({
      outcomes: [1000, 1000, 1000, 10_000, 20_000],
      conditions: [well, "Reconciling=True ClusterConflict"],
    });
  });

  it.each(["cluster/unreachable", "cluster/failed"] as const)(
    "since the API server is away (%s), is the queue's to try again",
    async (code) => {
      expect(await looks(code, 9, 2)).toMatchObject({ outcomes: ["HowdahError", "HowdahError"], conditions: [well] });
    },
  );

  it("for a reason that lasts, is looked at 10 s after that when something of it changes: the rest is put right", async () => {
    const { outcomes, isBack } = await looks("engine/not-ready", 3, 5, { 2: 4000 });
    expect([outcomes, isBack]).toEqual([[10_000, 20_000, 40_000, 6000, 900_000], true]);
  });

  it("for a reason that lasts, is not written to again", async () => {
    const { writes } = await looks("engine/not-ready", 9, 4);
    expect(new Set(writes).size).toBe(1);
  });

  it("for another reason, says it at once, and pauses", async () => {
    expect(await looks("engine/not-ready", 9, 2)).toMatchObject({
      outcomes: [10_000, 20_000],
      conditions: [well, "Reconciling=True NotReady"],
    });
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
      "ResourceQuota/howdah-priority",
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
    expect(rig.api.all("ResourceQuota").map(({ metadata }) => metadata.name)).toEqual(["howdah-priority"]);
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
    // Nobody watches a person's secrets: one that comes, or changes, is found by looking again.
    expect(await rig.tenant("acme")).toEqual({ again: 30_000 });
    expect(await rig.conditions("Tenant", "acme")).toEqual(["Ready=False PullSecretMissing"]);
    await rig.api.create(resources.Secret, secret("howdah-system"));
    expect(await rig.tenant("acme")).toEqual({ again: 900_000 });
    expect(await rig.conditions("Tenant", "acme")).toEqual(["Ready=True NamespacesGuarded"]);
    expect((await rig.object("Secret", "howdah-pull"))?.["data"]).toEqual({ a: "Yg==" });
    expect((await rig.object("ServiceAccount", "default"))?.["imagePullSecrets"]).toEqual([{ name: "old" }, { name: "howdah-pull" }]);
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
