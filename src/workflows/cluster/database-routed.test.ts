import { describe, expect, it } from "vitest";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { Secret } from "../../kernel/secret.ts";
import { databaseServerSpec } from "../../resources/schema/database-server.ts";
import type { DatabaseServerDocument } from "../database-server/database-server-document.ts";
import { memoryDocuments } from "../testing/release-rig.ts";
import { databasesNamed, dropDatabases } from "./kept-databases.ts";
import { clusterRig } from "./testing/cluster-rig.ts";

const digest = `sha256:${"0".repeat(64)}`;
const image = `registry.example/image@${digest}`;
const context = { emit: () => undefined, signal: new AbortController().signal };

function server(galera: object, more: object = {}): DatabaseServerDocument {
  return { name: "main", spec: databaseServerSpec.parse({ kind: "galera", tenants: ["acme"], galera, ...more }) };
}
const whole = server({ image, router: { image } });

interface Given {
  readonly tenant?: string | null;
  readonly named?: boolean;
  readonly answers?: () => boolean;
}

async function rig(document: DatabaseServerDocument, { tenant = "acme", named = true, answers = () => true }: Given = {}) {
  const one = clusterRig();
  const databaseServers = memoryDocuments<DatabaseServerDocument>();
  await databaseServers.put(document.name, document);
  const password = new Secret("p", "a test");
  const asked: unknown[] = [];
  const ways: unknown[] = [];
  const host = "main.howdah-system.svc";
  const databases = {
    waitReady: async ({ name }: { name: string }) => {
      asked.push(`wait for ${name}`);
      if (!answers()) throw new HowdahError("database/unreachable", "it does not answer");
    },
    ensureDatabase: async ({ server: there }: { server: { host: string; locate(): Promise<unknown>; way?(): Promise<unknown> } }) => {
      asked.push(await there.locate());
      ways.push(await there.way?.());
      return { host: there.host, port: 3306, name: "acme", user: "acme", uid: "u", password, url: password, changed: false };
    },
    findDatabase: async ({ name }: { name: string }) => (name === "main" ? { name: "acme", user: "acme", uid: "u" } : undefined),
    dropDatabase: async ({ server: there }: { server: { name: string } }) => void asked.push(`drop on ${there.name}`),
  };
  const keptDatabases = { ...memoryDocuments(), tenantOf: async () => tenant };
  Object.assign(one.ports, { databases, databaseServers, keptDatabases, engine: { ...one.engine, kind: "kubernetes" } });
  const site = { runtime: { php: "8.4" as const }, database: named ? { server: "main" } : {} };
  await one.release("r1", "one", site, { php: { reference: "php", digest } });
  await one.release("r2", "two", site, { php: { reference: "php", digest } });
  return { ...one, asked, ways, host, system: async () => [...(await one.engine.inventory("howdah-system")).objects.keys()] };
}

describe("a site of a cluster whose database is on several nodes", () => {
  it("is let in by the routers, then gets its database through them; nothing else of ours runs for it", async () => {
    const one = await rig(whole);
    const { record } = await one.serve("r1");
    expect(one.asked).toEqual(["wait for main", { address: one.host, port: 3306 }]);
    expect(record.database).toMatchObject({ server: "main", host: one.host, port: 3306, routed: true });
    expect(await one.system()).toEqual(["NetworkPolicy/main-from-acme"]);
  });

  it("is asked at its writer where its routers know no administrator, and proved through them", async () => {
    const one = await rig({ ...server({ image, router: { image, kind: "proxysql" } }), writer: "main-node-2" });
    const { record } = await one.serve("r1");
    const node = "main-node-2.main-node.howdah-system.svc";
    expect(one.asked).toEqual(["wait for main", { address: node, port: 3306 }]);
    expect(one.ways).toEqual([{ address: one.host, port: 3306 }]);
    expect(record.database).toMatchObject({ server: "main", host: one.host, port: 3306, routed: true });
  });

  it("does not wait for them again: a server that is away is told when its database is looked at", async () => {
    const one = await rig(whole);
    await one.serve("r1");
    one.asked.length = 0;
    await one.serve("r2");
    expect(one.asked).toEqual([{ address: one.host, port: 3306 }]);
  });

  it("gets there as the default server, too", async () => {
    const one = await rig(server({ image, router: { image } }, { default: true }), { named: false });
    expect((await one.serve("r1")).record.database).toMatchObject({ server: "main", routed: true });
  });

  it.each<{ name: string; document: DatabaseServerDocument; tenant: string | null; answers?: () => boolean; code: string }>([
    { name: "it has an image of a router", document: server({ image }), tenant: "acme", code: "database/server-refused" },
    { name: "it has an image of its nodes", document: server({ router: { image } }), tenant: "acme", code: "database/server-refused" },
    { name: "it is for the site's tenant", document: whole, tenant: "other", code: "database/server-refused" },
    { name: "the namespace is a tenant's", document: whole, tenant: null, code: "database/server-refused" },
    { name: "a node answers", document: whole, tenant: "acme", answers: () => false, code: "database/unreachable" },
  ])("waits until $name", async ({ document, code, ...given }) => {
    const one = await rig(document, given);
    await expect(one.serve("r1")).rejects.toMatchObject({ code });
  });

  it("is found after its end, and dropped with its way, without a program in a pod", async () => {
    const one = await rig(whole);
    await one.serve("r1");
    one.asked.length = 0;
    const found = await databasesNamed("acme", one.ports);
    expect(found).toEqual([{ server: "main", name: "acme", user: "acme", uid: "u" }]);
    await dropDatabases("acme", found, one.ports, context);
    expect(one.asked).toEqual(["drop on main"]);
    expect(await one.system()).toEqual([]);
  });

  it("keeps no other environment from its end while a server has no routers", async () => {
    const one = await rig(server({ image }));
    expect(await databasesNamed("acme", one.ports)).toEqual([]);
  });

  it("is dumped before migrations by the programs that its release brought, else by those of the nodes' image", async () => {
    const one = await rig(whole);
    expect((await one.serve("r1")).record.database?.programs).toBe(image);
    const site = { runtime: { php: "8.4" as const }, database: { server: "main" } };
    await one.release("r3", "three", site, { php: { reference: "php", digest }, database: { reference: "mariadb", digest, version: "1" } });
    expect((await one.serve("r3")).record.database?.programs).toBe("mariadb");
  });
});
