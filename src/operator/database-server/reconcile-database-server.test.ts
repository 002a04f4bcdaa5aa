import type { Writable } from "node:stream";
import { describe, expect, it } from "vitest";
import { Secret } from "../../kernel/secret.ts";
import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { DatabaseServerStatus } from "../../resources/schema/database-server.ts";
import type { Ports } from "../../workflows/ports.ts";
import { operatorRig } from "../testing/operator-rig.ts";
import { FORCE_ADDRESS } from "./reconcile-external.ts";
import { reconcileDatabaseServer, SERVER_FINALIZER } from "./reconcile-database-server.ts";

type Probed = Awaited<ReturnType<Ports["probeDatabase"]>>;

const facts = (more: object = {}): Omit<Probed, "address"> =>
  ({
    answers: true,
    version: "11.8.3-MariaDB",
    readOnly: false,
    wsrep: null,
    replica: null,
    replicas: null,
    missing: [],
    ...more,
  }) as never;
const silent = { answers: false, because: "does not answer", failure: "database/unreachable" } as never;
const refusing = { answers: false, because: "refuses the user or its password", failure: "database/login-refused" } as never;
const external = { addresses: [{ host: "10.0.0.5" }, { host: "10.0.0.6", port: 3307 }], administrator: { secret: "keeper" } };

async function rig(spec: object = { kind: "external", external }) {
  const one = operatorRig();
  const world = new Map<string, Omit<Probed, "address">>([
    ["10.0.0.5", facts()],
    ["10.0.0.6", facts({ readOnly: true, replica: { running: true, lagSeconds: 0 } })],
  ]);
  let secret: Awaited<ReturnType<Ports["secrets"]["get"]>> = { user: new Secret("u", "a test"), password: new Secret("p", "a test") };
  Object.assign(one.ports, {
    probeDatabase: async (
      { host, port }: { host: string; port: number },
      _: unknown,
      { databases = [] }: { databases?: readonly string[] },
    ) => ({
      ...world.get(host),
      address: `${host}:${String(port)}`,
      lacks: host === "10.0.0.9" ? databases : [],
    }),
    secrets: { get: async () => secret },
  });
  const place = { resource: resources.DatabaseServer, namespace: undefined, name: "company" };
  await one.api.create(resources.DatabaseServer, {
    apiVersion: "howdah.dev/v1alpha1",
    kind: "DatabaseServer",
    metadata: { name: "company" },
    spec,
  });
  const look = () => reconcileDatabaseServer(one.operator)(place, new AbortController().signal);
  const status = async () => ((await one.object("DatabaseServer", "company"))?.["status"] ?? {}) as DatabaseServerStatus;
  const inSystem = (kind: "Service" | "EndpointSlice") => one.object(kind, "company", "howdah-system");
  const writers = async () => (await inSystem("EndpointSlice"))?.["endpoints"] as { addresses: string[] }[];
  const remove = async (kind: "DatabaseServer" | "StatefulSet", name: string) => {
    const uid = (await one.object(kind, name, "howdah-system"))?.metadata.uid ?? "";
    const namespace = kind === "DatabaseServer" ? undefined : "howdah-system";
    await one.api.delete({ resource: resources[kind], namespace, name }, { preconditions: { uid } });
  };
  return { ...one, remove, world, place, look, status, inSystem, writers, forget: () => (secret = undefined) };
}

/** What is remembered of a site whose database is on a server. */
function siteOn(server: string): KubeObject {
  const metadata = {
    namespace: "acme",
    labels: { "app.kubernetes.io/managed-by": "howdah", "app.kubernetes.io/component": "state" },
    name: "howdah-state",
  };
  return { apiVersion: "v1", kind: "ConfigMap", metadata, data: { site: JSON.stringify({ database: { server, name: "acme_db" } }) } };
}

describe("a database server that exists, on a cluster", () => {
  it("is a Service that selects nothing, whose slice holds the healthy writer alone", async () => {
    const one = await rig();
    const { look, inSystem, status } = one;
    expect(await look()).toEqual({ again: 10_000 });
    const service = await inSystem("Service");
    expect(service?.spec).toEqual({ type: "ClusterIP", ports: [{ name: "mysql", port: 3306, targetPort: 3306, protocol: "TCP" }] });
    const slice = await inSystem("EndpointSlice");
    expect(slice).toMatchObject({
      addressType: "IPv4",
      endpoints: [{ addresses: ["10.0.0.5"], conditions: { ready: true } }],
      ports: [{ name: "mysql", port: 3306 }],
      metadata: {
        labels: { "kubernetes.io/service-name": "company", "endpointslice.kubernetes.io/managed-by": "howdah" },
        ownerReferences: [{ kind: "DatabaseServer", name: "company" }],
      },
    });
    expect(await one.conditions("DatabaseServer", "company")).toEqual(["Ready=True WriterHealthy"]);
    expect(await status()).toMatchObject({
      writer: "10.0.0.5:3306",
      version: "11.8.3-MariaDB",
      addresses: [{ role: "writer" }, { role: "replica" }],
      warning: expect.stringContaining("1,210 of 7,039") as string,
    });
  });

  it("follows the writer, to its port as well, and writes nothing while nothing changes", async () => {
    const { look, world, writers, inSystem, api } = await rig();
    await look();
    const before = api.writes.length;
    await look();
    expect(api.writes.length).toBe(before);
    world.set("10.0.0.5", silent);
    world.set("10.0.0.6", facts());
    await look();
    expect((await writers()).map(({ addresses }) => addresses)).toEqual([["10.0.0.6"]]);
    expect((await inSystem("EndpointSlice"))?.["ports"]).toMatchObject([{ port: 3307 }]);
  });

  it.each<{ name: string; five: never; six: never; conditions: string[]; slice: string[] }>([
    {
      name: "two that would take writes: nobody",
      five: facts() as never,
      six: facts() as never,
      conditions: ["Ready=False SeveralWriters"],
      slice: [],
    },
    {
      name: "only read-only ones: the one that was, for who only reads",
      five: facts({ readOnly: true }) as never,
      six: facts({ readOnly: true }) as never,
      conditions: ["Ready=False AllReadOnly"],
      slice: ["10.0.0.5"],
    },
    {
      name: "a read-only one that never wrote: nobody",
      five: silent,
      six: facts({ readOnly: true }) as never,
      conditions: ["Ready=False AllReadOnly"],
      slice: [],
    },
    {
      name: "nobody answers from here: the one that was",
      five: silent,
      six: silent,
      conditions: ["Ready=False NobodyAnswers"],
      slice: ["10.0.0.5"],
    },
    {
      name: "a wrong password",
      five: refusing,
      six: refusing,
      conditions: ["Ready=False DatabaseLoginRefused", "Stalled=True DatabaseLoginRefused"],
      slice: ["10.0.0.5"],
    },
    {
      name: "too few rights: sites go on",
      five: facts({ missing: ["CREATE USER"] }) as never,
      six: silent,
      conditions: ["Ready=False DatabaseRightsMissing", "Stalled=True DatabaseRightsMissing"],
      slice: ["10.0.0.5"],
    },
  ])("has in its slice, with $name", async ({ five, six, conditions, slice }) => {
    const one = await rig();
    await one.look();
    one.world.set("10.0.0.5", five);
    one.world.set("10.0.0.6", six);
    await one.look();
    expect(await one.conditions("DatabaseServer", "company")).toEqual(conditions);
    expect((await one.writers()).flatMap(({ addresses }) => addresses)).toEqual(slice);
  });

  it("keeps its former address while the new one lacks databases of sites, until a person wants it all the same", async () => {
    const one = await rig();
    await one.look();
    await one.api.create(resources.ConfigMap, siteOn("company"));
    one.world.set("10.0.0.9", facts());
    await one.api.mergePatch(one.place, { spec: { external: { addresses: [{ host: "10.0.0.9" }] } } }, {});
    for (let looks = 0; looks < 2; looks += 1) {
      await one.look();
      expect(await one.conditions("DatabaseServer", "company")).toEqual([
        "Ready=False DatabasesNotThere",
        "Stalled=True DatabasesNotThere",
      ]);
      expect((await one.writers()).flatMap(({ addresses }) => addresses)).toEqual(["10.0.0.5"]);
    }
    const { conditions, writer } = await one.status();
    expect([conditions?.[0]?.message, writer]).toEqual([
      "10.0.0.9:3306 lacks databases that are on company: acme_db (of acme)",
      "10.0.0.5:3306",
    ]);
    await one.api.mergePatch(one.place, { metadata: { annotations: { [FORCE_ADDRESS]: "10.0.0.9:3306" } } }, {});
    await one.look();
    expect((await one.writers()).flatMap(({ addresses }) => addresses)).toEqual(["10.0.0.9"]);
  });

  it.each([
    ["takes reads only", () => facts({ readOnly: true })],
    ["can't be asked", () => refusing],
  ])("keeps its former address while the new one %s, and remembers it until the databases are there", async (_, trouble) => {
    const one = await rig();
    await one.look();
    await one.api.create(resources.ConfigMap, siteOn("company"));
    one.world.set("10.0.0.9", trouble());
    await one.api.mergePatch(one.place, { spec: { external: { addresses: [{ host: "10.0.0.9" }] } } }, {});
    for (const state of [trouble(), facts()]) {
      one.world.set("10.0.0.9", state);
      await one.look();
      expect((await one.writers()).flatMap(({ addresses }) => addresses)).toEqual(["10.0.0.5"]);
      expect((await one.status()).writer).toBe("10.0.0.5:3306");
    }
    expect((await one.conditions("DatabaseServer", "company"))[0]).toBe("Ready=False DatabasesNotThere");
  });

  it("is there with nobody in its slice before anybody answered", async () => {
    const one = await rig();
    for (const host of ["10.0.0.5", "10.0.0.6"]) one.world.set(host, silent);
    await one.look();
    expect([await one.writers(), (await one.inSystem("Service"))?.kind]).toEqual([[], "Service"]);
    expect(await one.conditions("DatabaseServer", "company")).toEqual(["Ready=False NobodyAnswers"]);
  });

  it("says that its secret is missing", async () => {
    const one = await rig();
    one.forget();
    await one.look();
    expect(await one.conditions("DatabaseServer", "company")).toEqual([
      "Ready=False DatabaseLoginRefused",
      "Stalled=True DatabaseLoginRefused",
    ]);
  });

  it("has its nodes healed while it is deleted and databases of sites are on it", async () => {
    const image = `registry.test/image@sha256:${"0".repeat(64)}`;
    const one = await rig({ kind: "galera", galera: { image, router: { image } } });
    const said = JSON.stringify({ entrypoint: { phase: "starting" }, answered: false, server: null });
    Object.assign(one.ports, { databases: { adminSecret: async () => ({}) } });
    Object.assign(one.api, {
      exec: async (_pod: object, { stdout }: { stdout: Writable }) => {
        stdout.write(said);
        return 0;
      },
    });
    await one.look();
    await one.api.create(resources.ConfigMap, siteOn("company"));
    await one.remove("DatabaseServer", "company");
    await one.remove("StatefulSet", "company-node");
    expect(await one.look()).toEqual({ again: 2000 });
    expect(await one.object("StatefulSet", "company-node", "howdah-system")).toBeDefined();
    expect(await one.conditions("DatabaseServer", "company")).toContain("Ready=False DatabaseServerInUse");
  });

  it("stays while databases of sites are on it, and goes when none is left", async () => {
    const one = await rig();
    await one.look();
    await one.api.create(resources.ConfigMap, siteOn("company"));
    await one.remove("DatabaseServer", "company");
    await one.look();
    const held = await one.object("DatabaseServer", "company");
    expect(held?.metadata.finalizers).toEqual([SERVER_FINALIZER]);
    expect((await one.status()).conditions?.[0]?.message).toMatch(/Databases of acme are on it/);
    await one.api.mergePatch({ resource: resources.ConfigMap, namespace: "acme", name: "howdah-state" }, { data: { site: null } });
    await one.look();
    expect(await one.object("DatabaseServer", "company")).toBeUndefined();
  });

  it.each([
    { spec: { kind: "embedded" }, reason: "KindNotOffered" },
    { spec: { kind: "nothing" }, reason: "SpecInvalid" },
    { spec: { kind: "external" }, reason: "SpecInvalid" },
  ])("needs a person with $spec", async ({ spec, reason }) => {
    const one = await rig(spec);
    await one.look();
    expect(await one.conditions("DatabaseServer", "company")).toEqual([`Ready=False ${reason}`, `Stalled=True ${reason}`]);
  });
});
