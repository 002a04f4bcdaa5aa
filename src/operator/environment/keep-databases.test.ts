import { expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { resources } from "../../kubernetes/resources.ts";
import { keptDocuments } from "../../providers/cluster-state/kept-documents.ts";
import type { KeptDatabases } from "../../workflows/ports.ts";
import { operatorRig } from "../testing/operator-rig.ts";

type Rig = ReturnType<typeof operatorRig>;

/** `acme` serves, and a server has its database, as `find` says; then a person deletes the namespace. */
async function deleted(find: () => Promise<unknown>): Promise<{ readonly rig: Rig; readonly kept: readonly KeptDatabases[] }> {
  const rig = operatorRig();
  const { api, engine, ports } = rig;
  const inventory = engine.inventory.bind(engine);
  const database = (namespace: string): ReturnType<typeof inventory> =>
    namespace === "howdah-system"
      ? Promise.resolve({ namespace, objects: new Map([["StatefulSet/mariadb-11-8", "d"] as const]) })
      : inventory(namespace);
  const keptDatabases = { ...keptDocuments<KeptDatabases>(api, "howdah-kept-databases"), tenantOf: async () => "acme" };
  Object.assign(ports, { keptDatabases, databases: { findDatabase: find } });
  Object.assign(engine, { inventory: database });
  const namespace = { resource: resources.Namespace, namespace: undefined, name: "acme" };
  const metadata = { name: "acme", finalizers: ["kubernetes"] };
  const made = await api.create(resources.Namespace, { apiVersion: "v1", kind: "Namespace", metadata });
  await rig.applySite();
  await rig.release("r1", "one");
  await rig.settle();
  await api.delete(namespace, { preconditions: { uid: made.metadata.uid ?? "" } });
  const environment = await rig.object("Environment", "production");
  const name = { resource: resources.Environment, namespace: "acme", name: "production" };
  await api.delete(name, { preconditions: { uid: environment?.metadata.uid ?? "" } });
  await rig.settle();
  return { rig, kept: await keptDatabases.list() };
}

it("a namespace that a person deletes leaves word of its database, and goes", async () => {
  const { rig, kept } = await deleted(async () => ({ name: "acme", user: "acme", uid: "u1" }));
  expect(await rig.object("Environment", "production")).toBeUndefined();
  expect(kept).toMatchObject([
    { namespace: "acme", databases: [{ server: "mariadb-11-8", name: "acme", uid: "u1", tenant: "acme", keptUntil: expect.any(String) }] },
  ]);
});

it("goes, too, while the server is away: its database stays until a person drops it", async () => {
  const { rig, kept } = await deleted(() => Promise.reject(new HowdahError("database/unreachable", "away")));
  expect([await rig.object("Environment", "production"), kept]).toEqual([undefined, []]);
});

it("an environment that goes alone leaves word, too, for the day on which its namespace goes: only then its database is kept until a day", async () => {
  const rig = operatorRig();
  const { api, engine, ports } = rig;
  const inventory = engine.inventory.bind(engine);
  const keptDatabases = { ...keptDocuments<KeptDatabases>(api, "howdah-kept-databases"), tenantOf: async () => "acme" };
  Object.assign(ports, { keptDatabases, databases: { findDatabase: async () => ({ name: "acme", user: "acme", uid: "u1" }) } });
  const server = { namespace: "howdah-system", objects: new Map([["StatefulSet/mariadb-11-8", "d"] as const]) };
  Object.assign(engine, { inventory: (of: string) => (of === server.namespace ? Promise.resolve(server) : inventory(of)) });
  await rig.applySite();
  await rig.release("r1", "one");
  await rig.settle();
  const environment = await rig.object("Environment", "production");
  const name = { resource: resources.Environment, namespace: "acme", name: "production" };
  await api.delete(name, { preconditions: { uid: environment?.metadata.uid ?? "" } });
  await rig.settle();
  expect((await keptDatabases.list())[0]?.databases).toMatchObject([{ uid: "u1", tenant: "acme", keptUntil: null }]);
});
