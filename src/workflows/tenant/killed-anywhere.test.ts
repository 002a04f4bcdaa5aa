import { expect, it } from "vitest";
import { noBounds } from "../../catalog/tenant-profiles.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { Killed, life } from "../cluster/testing/mortal.ts";
import type { Ports } from "../ports.ts";
import { memoryDocuments, releaseRig } from "../testing/release-rig.ts";
import { deleteTenant } from "./delete-tenant.ts";
import { recoverTenants } from "./recover-tenants.ts";
import { resumeTenant, suspendTenant } from "./suspend-tenant.ts";
import { requireActive, type Tenant } from "./tenant.ts";

const context = { emit: () => undefined, signal: new AbortController().signal };
const acme: Tenant = {
  ...{ name: "acme", uid: "u1", profile: "own", bounds: noBounds, suspended: null, sites: [], work: null },
  createdAt: "2026-11-22T12:00:00.000Z",
};

/** A machine with one tenant's site, and whether its database user is locked. */
async function machine() {
  const rig = releaseRig();
  await rig.deploy("v1");
  const record = await rig.ports.records.get("blog");
  const locked = { now: false, unreachable: false };
  const tenants = memoryDocuments<Tenant>();
  await tenants.put("acme", acme);
  if (record === undefined) throw new TypeError("nothing was deployed");
  await rig.ports.records.remove("blog");
  const database = { server: "mariadb-11-8", host: "mariadb-11-8", port: 3306, name: "blog", user: "blog", uid: "d" };
  const site = { ...record.site, tenant: { name: "acme", uid: "u1", site: "blog" } };
  await rig.ports.records.put("acme--blog", { ...record, site, database });
  const databases = {
    suspendUser: async (_user: unknown, suspended: boolean): Promise<void> => {
      if (locked.unreachable) throw new HowdahError("database/unreachable", "The database server mariadb-11-8 does not run");
      locked.now = suspended;
    },
  };
  const secrets = { remove: async () => true };
  let now = Date.parse("2026-11-22T12:00:00Z");
  const clock = { now: () => (now += 20_000), sleep: () => Promise.resolve() };
  const machine = { processIdentity: async () => "1 test", isProcessAlive: async () => false };
  const edge = { ensure: () => Promise.resolve(), remove: () => Promise.resolve() };
  // Its record is under the name of a tenant's site; the engine of the rig knows it as `blog`.
  const records = { ...rig.ports.records, remove: async () => rig.ports.records.remove("acme--blog") };
  return { rig, tenants, locked, ports: { ...rig.ports, records, tenants, databases, secrets, clock, edge, machine } as unknown as Ports };
}

type Machine = Awaited<ReturnType<typeof machine>>;

const acts = {
  engine: ["hold", "scaleUp", "scaleDown", "remove", "apply"],
  tenants: ["put", "remove"],
  databases: ["suspendUser"],
  records: ["remove"],
  retained: ["put"],
  secrets: ["remove"],
} as const;

/** Runs a command that dies at one act; then the agent comes. Answers whether it died. */
async function dying(
  { ports }: Machine,
  act: number,
  when: "before" | "after",
  command: (ports: Ports) => Promise<unknown>,
): Promise<boolean> {
  const one = life({ act, when });
  const mortal = Object.fromEntries(
    Object.entries(acts).map(([name, counted]) => [
      name,
      one.mortal(name, ports[name as keyof Ports] as object, counted as unknown as readonly never[]),
    ]),
  );
  try {
    await command({ ...ports, ...mortal });
    return false;
  } catch (error) {
    if (!(error instanceof Killed)) throw error;
    return true;
  }
}

async function stateOf({ rig, tenants, locked, ports }: Machine): Promise<unknown> {
  const { suspended, work } = (await tenants.get("acme")) ?? { suspended: "gone", work: null };
  const retained = (await ports.retained.list()).map(({ namespace }) => namespace);
  return {
    page: rig.page(),
    suspended: suspended !== null && suspended,
    work,
    locked: locked.now,
    records: (await ports.records.list()).length,
    retained,
  };
}

const suspend = (ports: Ports): Promise<unknown> => suspendTenant("acme", "Closed", ports, context);
const resume = (ports: Ports): Promise<unknown> => resumeTenant("acme", ports, context);
const remove = (ports: Ports): Promise<unknown> => deleteTenant("acme", null, ports, context);

const scenarios: readonly [string, (ports: Ports) => Promise<unknown>, boolean][] = [
  ["a suspension", suspend, false],
  ["a resumption", resume, true],
  ["a deletion", remove, false],
];

it.each(scenarios)(
  "%s that is killed before or after any act ends as one that is not (B1)",
  { timeout: 60_000 },
  async (_name, command, suspendedBefore) => {
    const calm = await machine();
    if (suspendedBefore) await suspend(calm.ports);
    await command(calm.ports);
    const expected = normal(await stateOf(calm));
    let points = 0;
    for (const when of ["before", "after"] as const) {
      for (let act = 1; ; act += 1) {
        const one = await machine();
        if (suspendedBefore) await suspend(one.ports);
        const died = await dying(one, act, when, command);
        if (!died) break;
        points += 1;
        await recoverTenants(one.ports, context);
        // What was not even written down is asked for again.
        if (normal(await stateOf(one)) !== expected)
          await command(one.ports).catch((error: unknown) => {
            if (!(error instanceof HowdahError && error.code === "tenant/unknown")) throw error;
          });
        expect(normal(await stateOf(one)), `${when} act ${String(act)}`).toBe(expected);
      }
    }
    expect(points).toBeGreaterThan(5);
  },
);

/** Times differ. */
function normal(state: unknown): string {
  return JSON.stringify(state).replace(/"(since|by)":"[^"]+"/g, '"t":""');
}

it("a deletion waits while the database can't be reached, says why, and goes on (B12)", async () => {
  const one = await machine();
  await suspend(one.ports);
  one.locked.unreachable = true;
  await one.tenants.put("acme", {
    ...acme,
    suspended: { since: "", message: "" },
    work: { verb: "delete", since: acme.createdAt, exported: null },
  });
  expect((await recoverTenants(one.ports, context)).failed).toHaveLength(1);
  expect((await one.tenants.get("acme"))?.work?.waits).toContain("does not run");
  expect(await one.ports.records.list()).toHaveLength(1);
  one.locked.unreachable = false;
  expect((await recoverTenants(one.ports, context)).did).toHaveLength(1);
  expect(await one.tenants.list()).toEqual([]);
});

it.each([
  ["a suspension", suspend],
  ["a deletion", remove],
])("%s waits for a site that a command is just bringing up for the first time: it has no record yet", async (_name, command) => {
  const { ports, tenants } = await machine();
  const shop = { site: "shop", namespace: "acme--shop", file: "/shop/howdah.yaml", hostnames: null };
  await tenants.put("acme", { ...acme, sites: [shop] });
  let busy = true;
  const hold: Ports["locks"]["hold"] = async (namespace, _command, work) => {
    if (namespace === "acme--shop" && busy) throw new HowdahError("machine/busy", "howdah up works on acme--shop");
    return work();
  };
  const locked = { ...ports, locks: { ...ports.locks, hold } };
  await expect(command(locked)).rejects.toMatchObject({ code: "machine/busy" });
  expect((await tenants.get("acme"))?.work?.verb).toBe("suspend");
  expect(await recoverTenants(locked, context)).toEqual({ did: [], failed: [] });
  busy = false;
  expect((await recoverTenants(locked, context)).did).toHaveLength(1);
  expect((await tenants.get("acme"))?.work).toBeNull();
});

it("a deletion that was begun without handing over does not say yes to a file that it won't write", async () => {
  const { ports, tenants } = await machine();
  const work = { verb: "delete", since: acme.createdAt, exported: null } as const;
  await tenants.put("acme", { ...acme, suspended: { since: "", message: "" }, work });
  await expect(deleteTenant("acme", "/srv/acme.tar", ports, context)).rejects.toMatchObject({ code: "usage/invalid" });
  expect(await ports.records.list()).toHaveLength(1);
  await tenants.put("acme", { ...acme, suspended: { since: "", message: "" }, work: { ...work, exported: "/srv/acme.tar" } });
  await deleteTenant("acme", "/srv/acme.tar", ports, context);
  expect(await tenants.list()).toEqual([]);
});

it("leaves work alone whose command lives", async () => {
  const { ports, tenants } = await machine();
  await tenants.put("acme", {
    ...acme,
    suspended: { since: "", message: "" },
    work: { verb: "suspend", since: acme.createdAt, by: "1 test" },
  });
  const alive = { ...ports, machine: { ...ports.machine, isProcessAlive: async () => true } };
  expect(await recoverTenants(alive, context)).toEqual({ did: [], failed: [] });
  expect((await recoverTenants(ports, context)).did).toHaveLength(1);
});

it("nothing of a suspended tenant may start, and all of it when it is resumed", async () => {
  const { ports } = await machine();
  const site = { tenant: { name: "acme", uid: "u1", site: "blog" } };
  await requireActive(site, ports);
  await suspend(ports);
  await expect(requireActive(site, ports)).rejects.toMatchObject({ code: "tenant/suspended" });
  await resume(ports);
  await requireActive(site, ports);
  await expect(resume(ports)).rejects.toMatchObject({ code: "usage/invalid" });
});
