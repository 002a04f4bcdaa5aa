import { describe, expect, it } from "vitest";
import { DELETE_DATA_ANNOTATION } from "../kernel/label.ts";
import { resources } from "../kubernetes/resources.ts";
import { environmentRules, grantedOnRules, operatorRules, ownRules, type Rule } from "../resources/install/operator-role.ts";
import { PRODUCTION } from "../workflows/cluster/cluster-place.ts";
import { datasetRig } from "./dataset/testing/dataset-rig.ts";
import { WATCH_NAMES, WATCHES, type Watched, type WatchName } from "./controllers.ts";
import { breederRules } from "../render/dataset/breeder-rules.ts";
import { tenantRoles } from "./tenant/tenant-roles.ts";
import { type Fleet, type FleetOptions, fleet } from "./testing/fleet.ts";
import { makeDataset, playSnapshots } from "./testing/played-snapshots.ts";
import { operatorRig } from "./testing/operator-rig.ts";

/** A right to objects of named names only is another one: `list secrets by name`. */
const granted = (rules: readonly Rule[]): Set<string> =>
  new Set(
    rules.flatMap(({ resources, verbs, resourceNames }) =>
      resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}${resourceNames === undefined ? "" : " by name"}`)),
    ),
  );
const watches = (names: readonly WatchName[]): readonly string[] =>
  names.flatMap((name) => {
    const { kind, select }: Watched = WATCHES[name];
    const by = select?.fieldSelector === undefined ? "" : " by name";
    return ["list", "watch"].map((verb) => `${verb} ${resources[kind].plural}${by}`);
  });
/** What is watched of the operator's own namespace only, by its Role there. */
const ofOwnNamespace: readonly WatchName[] = ["ServerSecret"];
const ofCluster = WATCH_NAMES.filter((name) => !ofOwnNamespace.includes(name));
/** Objects of other names than those of a right by name are not asked for. */
const holds = (may: ReadonlySet<string>, right: string): boolean => may.has(right) || may.has(`${right} by name`);

/** Rights that this test can't use. */
const elsewhere: readonly { readonly right: string; readonly because: string }[] = [
  { right: "create pods/exec", because: "asked by API servers from 1.35 on, and given to developers" },
  { right: "create pods/portforward", because: "asked by API servers from 1.35 on" },
  { right: "bind clusterroles by name", because: "asked of whoever makes a RoleBinding" },
];

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
    const may = granted([...operatorRules, ...ownRules]);
    expect([...rig.api.asked].filter((asked) => !holds(may, asked))).toEqual([]);
    expect(setUp.size).toBeGreaterThan(0);
  });

  it("is granted to it, in the life of a Dataset", async () => {
    const one = await datasetRig();
    const asked = new Set<string>();
    const look = async (): Promise<void> => {
      one.api.asked.clear();
      await one.look();
      for (const right of one.api.asked) asked.add(right);
    };
    await one.ask({ "howdah.dev/breed": "1" });
    await one.bred("g1", "sealed");
    await one.ended(false, "");
    await look();
    await one.podsGone();
    await look();
    await one.api.mergePatch(one.place, { metadata: { annotations: { "howdah.dev/breed": "2" } } });
    await look();
    await one.api.delete(one.place, { preconditions: { uid: (await one.api.get(one.place))?.metadata.uid ?? "" } });
    await one.podsGone();
    await look();
    expect(asked).toContain("delete volumesnapshots");
    expect([...asked].filter((right) => !holds(granted([...operatorRules, ...ownRules]), right))).toEqual([]);
  });

  it("covers its watches", () => {
    const missing = (rules: readonly Rule[], names: readonly WatchName[]): readonly string[] =>
      watches(names).filter((right) => !granted(rules).has(right));
    expect([missing(operatorRules, ofCluster), missing(ownRules, ofOwnNamespace)]).toEqual([[], []]);
  });

  it("is all that is granted: watches, and what people do with sites of every kind", { timeout: 600_000 }, async () => {
    const ingress = { kind: "ingress", class: "traefik", annotations: {} } as const;
    const asked = new Set([...(await lifeOf(everyKind, {})), ...(await lifeOf(staticOnly, { wayIn: ingress }))]);
    // What an apply makes needs both rights, and a watch lists.
    const used = new Set([...asked, ...watches(ofCluster), ...[...asked].map((right) => right.replace(/^patch /, "create "))]);
    const unused = [...granted(operatorRules)].filter((right) => !used.has(right) && !used.has(right.replace(/ by name$/, "")));
    expect(unused.toSorted()).toEqual(elsewhere.map(({ right }) => right).toSorted());
    expect([...asked].filter((right) => !holds(granted([...operatorRules, ...ownRules, ...environmentRules]), right))).toEqual([]);
  });

  it("covers what it gives to people: nobody can give a right that he does not have", () => {
    const may = granted([...operatorRules, ...grantedOnRules]);
    const given = granted([...Object.values(tenantRoles).flat(), ...breederRules]);
    expect([...given].filter((right) => !may.has(right))).toEqual([]);
  });
});

const place = { namespace: "site-1", name: PRODUCTION };
const environment = { resource: resources.Environment, ...place };
const tenant = { resource: resources.Tenant, namespace: undefined, name: "of-site-1" };
const php = { runtime: { php: "8.4" } };

type Deed = (one: Fleet) => Promise<unknown>;

const make = (kind: "Secret" | "ServiceAccount", namespace: string, name: string, more: object = {}): Deed => {
  return ({ api }) => api.create(resources[kind], { apiVersion: "v1", kind, metadata: { name, namespace }, ...more });
};
const takeDown: Deed = async ({ api }) =>
  api.delete(environment, { preconditions: { uid: (await api.get(environment))?.metadata.uid ?? "" } });
const change = (spec: object): Deed => {
  return ({ api }) => api.mergePatch(environment, { spec });
};
const changeTenant = (spec: object): Deed => {
  return ({ api }) => api.mergePatch(tenant, { spec });
};

/** With its data, at once. */
const deleteTenant: Deed = async ({ api }) => {
  await api.mergePatch(tenant, { metadata: { annotations: { [DELETE_DATA_ANNOTATION]: "2026-11-21T12:00:00Z" } } });
  await api.delete(tenant, { preconditions: { uid: (await api.get(tenant))?.metadata.uid ?? "" } });
};

const develop = (name: string, spec: object): Deed => {
  const metadata = { name, namespace: "site-1" };
  const object = { apiVersion: "howdah.dev/v1alpha1", kind: "Environment", metadata, spec: { site: "blog", ...spec } };
  return ({ api }) => api.create(resources.Environment, object);
};
/** The snapshot controller works, and the clock goes on. */
function waiting(): readonly Deed[] {
  return Array.from(
    { length: 30 },
    (): Deed =>
      async ({ api, clock }) => {
        await playSnapshots(api);
        await clock.advance(5000);
      },
  );
}

const staticOnly: readonly Deed[] = [(one) => one.makeSites(["site-1"]), takeDown, deleteTenant, takeDown];
const everyKind: readonly Deed[] = [
  make("Secret", "howdah-system", "keeper", { data: { user: "dQ==", password: "cA==" } }),
  // Nobody answers there: its Service and its slice are made all the same.
  ({ api }) =>
    api.create(resources.DatabaseServer, {
      apiVersion: "howdah.dev/v1alpha1",
      kind: "DatabaseServer",
      metadata: { name: "company" },
      spec: { kind: "external", external: { addresses: [{ host: "127.0.0.1", port: 1 }], administrator: { secret: "keeper" } } },
    }),
  ({ api }) => {
    const image = `registry.test/image@sha256:${"0".repeat(64)}`;
    return api.create(resources.DatabaseServer, {
      apiVersion: "howdah.dev/v1alpha1",
      kind: "DatabaseServer",
      metadata: { name: "main" },
      spec: { kind: "galera", galera: { image, router: { image } } },
    });
  },
  (one) => one.makeSites(["site-1"]),
  ({ api }) =>
    api.create(resources.BackupStore, {
      apiVersion: "howdah.dev/v1alpha1",
      kind: "BackupStore",
      metadata: { name: "default", namespace: "site-1" },
      spec: { secret: "store", claim: { name: "store" } },
    }),
  // Nobody runs its Job: it is taken away after ten minutes.
  ({ api }) =>
    api.create(resources.Backup, {
      apiVersion: "howdah.dev/v1alpha1",
      kind: "Backup",
      metadata: { name: "site", namespace: "site-1", annotations: { "howdah.dev/backup-now": "1" } },
      spec: { whenDeleted: "delete" },
    }),
  // It has no database: nothing is bred.
  ({ api }) =>
    api.create(resources.Dataset, {
      apiVersion: "howdah.dev/v1alpha1",
      kind: "Dataset",
      metadata: { name: "site-1", namespace: "site-1", annotations: { "howdah.dev/breed": "1" } },
      spec: {},
    }),
  make("Secret", "howdah-system", "registry", { data: { a: "Yg==" } }),
  make("ServiceAccount", "site-1", "default"),
  change({ replicas: 3 }),
  change({ replicas: null }),
  changeTenant({ quota: { pods: 20 }, limits: { max: { memory: "1Gi" } }, roles: { viewer: { users: ["a"] } }, pullSecret: "registry" }),
  changeTenant({ quota: null, limits: null, roles: null }),
  // A session server, an autoscaler, generated values; then without them a volume, a hook, a worker and a cron whose runs take too long.
  (one) => one.deploy("site-1", "r2", { ...php, scale: { replicas: 2, max: 4 }, variables: { KEY: { generate: {} } } }),
  (one) =>
    one.deploy("site-1", "r3", {
      ...{ ...php, mounts: { files: {} }, hooks: { postDeploy: ["php warm.php"] }, workers: { queue: { command: "php work.php" } } },
      crons: { tidy: { schedule: "* * * * *", command: "php tidy.php" } },
    }),
  ...Array.from({ length: 15 }, (): Deed => (one) => one.clock.advance(60_000)),
  (one) => one.deploy("site-1", "r66", php),
  (one) => one.deploy("site-1", "r67", { releases: { keep: 2 } }),
  (one) => one.deploy("site-1", "r68", { releases: { keep: 2 } }),
  // Environments for development: of the dataset, made anew of another generation, copied; the last one's time is over.
  (one) => one.deploy("site-1", "r69", { ...php, mounts: { files: {} } }),
  ({ api }) => makeDataset(api, "site-1"),
  ...waiting(),
  make("ServiceAccount", "site-1--review", "default"),
  make("ServiceAccount", "site-1--twin", "default"),
  develop("review", { data: { dataset: {} } }),
  ...waiting(),
  ({ api }) => makeDataset(api, "site-1", ["g1", "g2"]),
  ({ api }) => api.mergePatch({ ...environment, name: "review" }, { metadata: { annotations: { "howdah.dev/reset": "current/1" } } }),
  ...waiting(),
  develop("twin", { data: { clone: { of: "review" } } }),
  ...waiting(),
  ({ api }) => api.mergePatch({ ...environment, name: "twin" }, { spec: { until: "2026-01-01T00:00:00Z" } }),
  ({ api }) => api.mergePatch({ ...environment, name: "review" }, { spec: { until: "2026-01-01T00:00:00Z" } }),
  ...waiting(),
  takeDown,
];

/** Everything that was asked for, as RBAC calls it. */
async function lifeOf(deeds: readonly Deed[], options: FleetOptions): Promise<readonly string[]> {
  const one = await fleet({ ...options, bad: ["r66"], cascades: true });
  for (const deed of deeds) {
    await deed(one);
    await one.rest();
  }
  await one.stop();
  return Object.keys(one.takeRequests());
}
