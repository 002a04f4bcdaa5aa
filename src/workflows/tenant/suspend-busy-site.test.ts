import { expect, it } from "vitest";
import { noBounds } from "../../catalog/tenant-profiles.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Event } from "../../kernel/event.ts";
import type { Ports } from "../ports.ts";
import { memoryDocuments, releaseRig } from "../testing/release-rig.ts";
import { recoverTenants } from "./recover-tenants.ts";
import { suspendTenant } from "./suspend-tenant.ts";
import type { Tenant } from "./tenant.ts";

const acme: Tenant = {
  ...{ name: "acme", uid: "u1", profile: "own", bounds: noBounds, suspended: null, sites: [], work: null },
  createdAt: "2026-11-22T12:00:00.000Z",
};

/** A tenant with two sites, of which `acme--blog` is restored for so many looks. */
async function machine(looks: number) {
  const rig = releaseRig();
  await rig.deploy("v1");
  const record = await rig.ports.records.get("blog");
  if (record === undefined) throw new TypeError("nothing was deployed");
  const tenants = memoryDocuments<Tenant>();
  await tenants.put("acme", acme);
  const site = { ...record.site, tenant: { name: "acme", uid: "u1", site: "blog" } };
  const sites = ["acme--blog", "acme--shop"].map((namespace) => ({ ...record, namespace, site, database: null }));
  const held: string[] = [];
  const engine = { ...rig.ports.engine, hold: async (namespace: string) => void held.push(namespace) };
  const restore = { left: looks };
  const locks: Ports["locks"] = {
    hold: async (namespace, _command, work) => {
      if (namespace === "acme--blog" && restore.left > 0)
        throw new HowdahError("machine/busy", "`howdah backup restore` (process 7) is working on acme--blog");
      return await work();
    },
  };
  let now = 0;
  const clock = {
    now: () => now,
    sleep: async (ms: number, signal?: AbortSignal) => {
      if (signal?.aborted === true) throw new HowdahError("cancelled", "stopped");
      now += ms;
      restore.left -= 1;
    },
  };
  const watches = memoryDocuments();
  const records = { ...rig.ports.records, list: async () => sites };
  const parts = {
    records,
    engine,
    locks,
    clock,
    tenants,
    watches,
    machine: { processIdentity: async () => "1 t", isProcessAlive: async () => false },
  };
  const ports = { ...rig.ports, ...parts } as unknown as Ports;
  const events: Event[] = [];
  const cancel = new AbortController();
  const suspend = () => suspendTenant("acme", "Closed", ports, { emit: (event) => void events.push(event), signal: cancel.signal });
  const told = () => events.flatMap((event) => (event.type === "notice" ? [event.message] : []));
  return { ports, held, restore, suspend, told, cancel, work: async () => (await tenants.get("acme"))?.work };
}

it("waits for a restore that runs, says so once, and shuts the other sites meanwhile", async () => {
  const one = await machine(30);
  const suspending = one.suspend();
  await suspending;
  expect(one.held).toEqual(["acme--shop", "acme--blog"]);
  expect(one.told()).toEqual([
    "`howdah backup restore` (process 7) is working on acme--blog: waiting for its end. Stop this command, and the agent goes on with it",
  ]);
  expect(await one.work()).toBeNull();
});

it("leaves it to the agent when that takes very long, which waits for nobody", async () => {
  const one = await machine(Number.POSITIVE_INFINITY);
  await expect(one.suspend()).rejects.toMatchObject({ code: "machine/busy", hint: expect.stringContaining("agent") as string });
  expect([one.held, await one.work()]).toEqual([["acme--shop"], expect.objectContaining({ verb: "suspend" })]);
  const context = { emit: () => undefined, signal: one.cancel.signal };
  expect(await recoverTenants(one.ports, context)).toEqual({ did: [], failed: [] });
  one.restore.left = 0;
  expect((await recoverTenants(one.ports, context)).did).toHaveLength(1);
  expect([one.held.includes("acme--blog"), await one.work()]).toEqual([true, null]);
});

it("ends when it is stopped", async () => {
  const one = await machine(Number.POSITIVE_INFINITY);
  one.cancel.abort();
  await expect(one.suspend()).rejects.toMatchObject({ code: "cancelled" });
});
