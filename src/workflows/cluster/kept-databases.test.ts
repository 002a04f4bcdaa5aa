import { describe, expect, it } from "vitest";
import { memoryEngine } from "../../engine/memory/memory-engine.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { Secret } from "../../kernel/secret.ts";
import { memoryApi } from "../../kubernetes/testing/memory-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { clusterSecretStore } from "../../providers/cluster-state/cluster-secret-store.ts";
import { keptDocuments } from "../../providers/cluster-state/kept-documents.ts";
import type { FoundDatabase } from "../../providers/database/database-server.ts";
import { memoryDocuments } from "../testing/release-rig.ts";
import { renderDatabaseAccess } from "../../render/database/render-database-access.ts";
import { renderDatabaseServer } from "../../render/database/render-database-server.ts";
import { rendered } from "../../render/rendered.ts";
import type { KeptDatabases, Ports } from "../ports.ts";
import { databasesNamed, dropDatabases, endRetention, forgetGiven, giveBack, keepDatabases } from "./kept-databases.ts";

const context = { emit: () => undefined, signal: new AbortController().signal };
const DAY = 24 * 60 * 60 * 1000;

/** A server with the database of a namespace `acme` that belonged to the tenant `acme`. */
async function cluster() {
  const api = memoryApi();
  const programs: string[] = [];
  const engine = memoryEngine({
    start: () => ({ state: "ready", serves: "", output: [] }),
    program: async (argv) => {
      programs.push(argv.join(" "));
      return 0;
    },
  });
  const objects = [
    ...renderDatabaseServer({ version: "11.8", image: "db", memoryBytes: 2 ** 30, secretDigest: "s" }),
    renderDatabaseAccess("11.8", "acme"),
  ].map((object) => rendered(object));
  await engine.prepare("howdah-system", context);
  for (const desired of objects) await engine.apply("howdah-system", { do: "create", key: desired.key, desired, because: "" }, context);
  const there = new Map<string, FoundDatabase>([["acme", { name: "acme", user: "acme", uid: "u1" }]]);
  let now = Date.parse("2026-11-01T00:00:00Z");
  const tenants: Record<string, string> = { acme: "acme" };
  const ports = {
    engine,
    clock: { now: () => now, sleep: () => Promise.resolve() },
    settings: { retentionDays: 7 },
    locks: { hold: (_namespace: string, _command: string, work: () => unknown) => work() },
    secrets: clusterSecretStore(api),
    databaseServers: memoryDocuments(),
    databases: {
      findDatabase: async (_server: unknown, { site }: { readonly site: string }) => there.get(site),
      databaseExists: async ({ name }: FoundDatabase) => there.has(name),
      dropDatabase: async ({ name, uid }: FoundDatabase) => there.get(name)?.uid === uid && there.delete(name),
    },
    keptDatabases: {
      ...keptDocuments<KeptDatabases>(api, "howdah-kept-databases"),
      tenantOf: async (namespace: string) => tenants[namespace] ?? null,
    },
  } as unknown as Ports;
  return { api, ports, there, tenants, programs, engine, pass: (days: number) => void (now += days * DAY) };
}

const gone = async (): Promise<boolean> => false;
const isThere = async (): Promise<boolean> => true;

describe("the database of a namespace that a person deletes", () => {
  it("is kept for the retention period, counted once", async () => {
    const { ports, pass } = await cluster();
    expect(await keepDatabases("acme", true, ports)).toBe("2026-11-08T00:00:00.000Z");
    pass(1);
    expect(await keepDatabases("acme", true, ports)).toBe("2026-11-08T00:00:00.000Z");
    expect(await keepDatabases("other", true, ports)).toBeNull();
  });

  it("is dropped when that has ended, with its user, its dumps and the way to it", async () => {
    const { ports, there, programs, engine, pass } = await cluster();
    await keepDatabases("acme", true, ports);
    pass(6);
    expect(await endRetention(ports, gone, context)).toEqual({ purged: [], failed: [] });
    pass(1);
    expect(await endRetention(ports, gone, context)).toEqual({ purged: ["acme"], failed: [] });
    expect([...there]).toEqual([]);
    expect(programs).toEqual(["rm -rf -- /var/lib/mysql/dumps/acme"]);
    expect([...(await engine.inventory("howdah-system")).objects.keys()]).not.toContain("NetworkPolicy/mariadb-11-8-from-acme");
    expect(await ports.keptDatabases?.list()).toEqual([]);
  });

  it("stays while a namespace of that name and tenant is there, and when it is somebody else's by then", async () => {
    const { ports, there, programs, pass } = await cluster();
    await keepDatabases("acme", true, ports);
    pass(8);
    expect(await endRetention(ports, isThere, context)).toEqual({ purged: [], failed: [] });
    there.set("acme", { name: "acme", user: "acme", uid: "u2" });
    await endRetention(ports, gone, context);
    expect([there.size, programs]).toEqual([1, []]);
  });

  it("comes back to an environment of the same name and tenant before that: its identity is put into the new secret", async () => {
    const { api, ports, there } = await cluster();
    await keepDatabases("acme", true, ports);
    await api.create(resources.Namespace, { apiVersion: "v1", kind: "Namespace", metadata: { name: "acme" } });
    expect(await giveBack("acme", "mariadb-10-6", ports)).toBe(false);
    expect(await giveBack("acme", "mariadb-11-8", ports)).toBe(true);
    expect((await ports.secrets.get("acme", "database"))?.["uid"]?.reveal()).toBe("u1");
    expect(await giveBack("acme", "mariadb-11-8", ports)).toBe(true); // a look that was cut off comes again
    await forgetGiven("acme", "mariadb-11-8", ports);
    expect([await ports.keptDatabases?.list(), there.size]).toEqual([[], 1]);
  });

  it.each([
    { name: "another tenant's", tenant: "theirs", uid: undefined },
    { name: "one with a database of its own", tenant: "acme", uid: "u2" },
  ])("is not given to a namespace of that name that is $name", async ({ tenant, uid }) => {
    const { ports, tenants } = await cluster();
    await keepDatabases("acme", true, ports);
    tenants["acme"] = tenant;
    if (uid !== undefined) await ports.secrets.set("acme", "database", { uid: new Secret(uid, "") });
    expect(await giveBack("acme", "mariadb-11-8", ports)).toBe(false);
    expect((await ports.secrets.get("acme", "database"))?.["uid"]?.reveal()).toBe(uid);
  });

  it("that can't be dropped now is tried again, and holds up no other", async () => {
    const { ports, there, pass } = await cluster();
    there.set("shop", { name: "shop", user: "shop", uid: "u3" });
    await keepDatabases("acme", true, ports);
    await keepDatabases("shop", true, ports);
    pass(8);
    const failing = {
      ...ports,
      databases: {
        ...ports.databases,
        dropDatabase: async (one: Parameters<Ports["databases"]["dropDatabase"]>[0]) => {
          if (one.name === "acme") throw new Error("away");
          return ports.databases.dropDatabase(one);
        },
      },
    };
    expect(await endRetention(failing, gone, context)).toEqual({ purged: ["shop"], failed: [{ name: "acme", error: "away" }] });
    expect((await endRetention(ports, gone, context)).purged).toEqual(["acme"]);
  });

  it("of an environment that went before is kept from when the namespace is gone, or is another tenant's", async () => {
    const { ports, tenants, pass } = await cluster();
    expect(await keepDatabases("acme", false, ports)).toBeNull();
    const until = async (): Promise<unknown> => (await ports.keptDatabases?.get("acme"))?.databases[0]?.keptUntil;
    pass(30);
    await endRetention(ports, isThere, context);
    expect(await until()).toBeNull();
    tenants["acme"] = "theirs";
    await endRetention(ports, isThere, context);
    expect(await until()).toBe("2026-12-08T00:00:00.000Z");
    pass(8);
    expect((await endRetention(ports, isThere, context)).purged).toEqual(["acme"]);
  });

  it("is kept anew when what a former namespace left was never taken back, or lies on another server", async () => {
    const { ports, there, pass } = await cluster();
    await keepDatabases("acme", true, ports);
    pass(30);
    expect(await keepDatabases("acme", true, ports)).toBe("2026-12-08T00:00:00.000Z");
    there.set("acme", { name: "acme", user: "acme", uid: "u9" });
    pass(1);
    expect(await keepDatabases("acme", true, ports)).toBe("2026-12-09T00:00:00.000Z");
    expect((await ports.keptDatabases?.get("acme"))?.databases.map(({ uid }) => uid)).toEqual(["u9"]);
  });

  it("of a server that is away is told, and does not hide those of others", async () => {
    const { ports } = await cluster();
    const objects = ["mariadb-10-6", "mariadb-11-8"].map((name) => [`StatefulSet/${name}`, "d"] as const);
    const find = ports.databases.findDatabase.bind(ports.databases);
    const some = {
      ...ports,
      engine: { ...ports.engine, inventory: async () => ({ namespace: "howdah-system", objects: new Map(objects), down: false }) },
      databases: {
        ...ports.databases,
        findDatabase: async (...asked: Parameters<typeof find>) => {
          if (asked[0].name === "mariadb-10-6") throw new HowdahError("database/unreachable", "away");
          return find(...asked);
        },
      },
    };
    const missed: string[] = [];
    expect(await keepDatabases("acme", true, some, (server) => missed.push(server))).toBe("2026-11-08T00:00:00.000Z");
    expect(missed).toEqual(["mariadb-10-6"]);
    await expect(databasesNamed("acme", some)).rejects.toMatchObject({ code: "database/unreachable" });
  });

  it("goes last: whoever was cut off before finds it, and with it the dumps", async () => {
    const { ports, there } = await cluster();
    const databases = await databasesNamed("acme", ports);
    const cut = {
      ...ports,
      engine: { ...ports.engine, exec: () => Promise.reject(new Error("cut off")), runOnce: () => Promise.reject(new Error("cut off")) },
    };
    await expect(dropDatabases("acme", databases, cut as Ports, context)).rejects.toThrow("cut off");
    expect([...there.keys()]).toEqual(["acme"]);
  });

  it("is found on whichever server has it", async () => {
    const { ports } = await cluster();
    expect(await databasesNamed("acme", ports)).toEqual([{ server: "mariadb-11-8", name: "acme", user: "acme", uid: "u1" }]);
  });
});
