import { expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { DELETE_DATA_ANNOTATION } from "../../kernel/label.ts";
import { resources } from "../../kubernetes/resources.ts";
import { keptDocuments } from "../../providers/cluster-state/kept-documents.ts";
import type { KeptDatabases } from "../../workflows/ports.ts";
import { operatorRig } from "../testing/operator-rig.ts";

const START = Date.parse("2026-11-21T12:00:00Z");
const DAY_MS = 86_400_000;
const tenantPlace = { resource: resources.Tenant, namespace: undefined, name: "acme" };
const space = { resource: resources.Namespace, namespace: undefined, name: "acme" };

/** `acme` serves with a database; its tenant is suspended and deleted, its data to go after `after`. The server is away while `away` says so. */
async function deleted(after: string | null) {
  const rig = operatorRig();
  const { api, engine, ports } = rig;
  const state = { now: START, away: false, dropped: [] as string[] };
  const clock = { now: () => state.now, sleep: async () => undefined };
  const databases = {
    findDatabase: async () => {
      if (state.away) throw new HowdahError("database/unreachable", "The database server mariadb-11-8 does not run");
      return state.dropped.length > 0 ? undefined : { name: "acme", user: "acme", uid: "u1" };
    },
    dropDatabase: async ({ uid }: { readonly uid: string }) => state.dropped.push(uid) > 0,
  };
  const inventory = engine.inventory.bind(engine);
  const server = { namespace: "howdah-system", objects: new Map([["StatefulSet/mariadb-11-8", "d"] as const]) };
  Object.assign(engine, {
    exec: async () => 0,
    inventory: (of: string) => (of === server.namespace ? Promise.resolve(server) : inventory(of)),
  });
  const keptDatabases = { ...keptDocuments<KeptDatabases>(api, "howdah-kept-databases"), tenantOf: async () => "acme" };
  Object.assign(ports, { databases, keptDatabases });
  Object.assign(rig.operator, { clock });
  await api.create(resources.Tenant, { apiVersion: "howdah.dev/v1alpha1", kind: "Tenant", metadata: { name: "acme" }, spec: {} });
  await rig.tenant("acme");
  await rig.applySite();
  await rig.release("r1", "one");
  await rig.settle();
  const annotations = after === null ? {} : { [DELETE_DATA_ANNOTATION]: after };
  await api.mergePatch(tenantPlace, { metadata: { annotations }, spec: { suspended: true } });
  await rig.settle();
  await rig.tenant("acme");
  await api.delete(tenantPlace, { preconditions: { uid: (await api.get(tenantPlace))?.metadata.uid ?? "" } });
  /** Looks until nothing changes; a cluster deletes what a deleted Site owned. */
  const look = async (): Promise<readonly string[]> => {
    for (let round = 0; round < 4; round += 1) {
      await rig.tenant("acme");
      const environment = await rig.object("Environment", "production");
      if (
        (await rig.object("Site", "blog")) === undefined &&
        environment?.metadata.deletionTimestamp === undefined &&
        environment !== undefined
      )
        await api.delete(
          { resource: resources.Environment, namespace: "acme", name: "production" },
          { preconditions: { uid: environment.metadata.uid ?? "" } },
        );
      await rig.settle();
    }
    return (await api.get(tenantPlace)) === undefined ? [] : rig.conditions("Tenant", "acme");
  };
  return { rig, state, look, kept: () => keptDatabases.list() };
}

const week = new Date(START + 7 * DAY_MS).toISOString();

it("without a word about its data its namespaces stay, and its sites", async () => {
  const { rig, look } = await deleted(null);
  expect(await look()).toContain("Stalled=True NamespacesRemain");
  expect(await rig.object("Site", "blog")).toBeDefined();
});

it("its sites go at once, its data after the retention, and nothing is left", async () => {
  const { rig, state, look, kept } = await deleted(week);
  expect(await look()).toContain("Reconciling=True DataKept");
  expect([await rig.object("Site", "blog"), await rig.object("Environment", "production")]).toEqual([undefined, undefined]);
  expect([(await rig.api.get(space)) === undefined, state.dropped]).toEqual([false, []]);
  state.now += 6 * DAY_MS;
  expect(await look()).toContain("Reconciling=True DataKept");
  state.now += DAY_MS;
  expect(await look()).toEqual([]);
  expect([await rig.api.get(space), state.dropped, await kept()]).toEqual([undefined, ["u1"], []]);
});

it("obeys no time of long before its deletion: that was said for one that did not come", async () => {
  const { rig, look } = await deleted(new Date(START - DAY_MS).toISOString());
  expect(await look()).toContain("Stalled=True NamespacesRemain");
  expect(await rig.object("Site", "blog")).toBeDefined();
});

it("keeps nothing with a retention of none, though the clock of who said so is behind", async () => {
  const { state, look } = await deleted(new Date(START - 60_000).toISOString());
  expect([await look(), state.dropped]).toEqual([[], ["u1"]]);
});

it("waits for a database server that is away, says so, and goes on", async () => {
  const { rig, state, look } = await deleted(week);
  state.now += 8 * DAY_MS;
  state.away = true;
  expect(await look()).toContain("Reconciling=True DatabaseUnreachable");
  expect((await rig.api.get(space)) === undefined).toBe(false);
  state.away = false;
  expect(await look()).toEqual([]);
  expect([await rig.api.get(space), state.dropped]).toEqual([undefined, ["u1"]]);
});
