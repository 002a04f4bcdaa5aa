import { describe, expect, it } from "vitest";
import { Secret } from "../../kernel/secret.ts";
import type { DatabaseServerDocument } from "../database-server/database-server-document.ts";
import { memoryDocuments } from "../testing/release-rig.ts";
import { databasesNamed, dropDatabases } from "./kept-databases.ts";
import { clusterRig } from "./testing/cluster-rig.ts";

const digest = `sha256:${"0".repeat(64)}`;
const external = {
  addresses: [
    { host: "10.0.0.5", port: 3306 },
    { host: "10.0.0.6", port: 3307 },
  ],
  administrator: { secret: "keeper" },
};
const company: DatabaseServerDocument = {
  name: "company",
  spec: { kind: "external", default: false, tenants: ["acme"], external },
  writer: "10.0.0.6:3307",
};

async function rig(document: DatabaseServerDocument, tenant: string | null = "acme") {
  const one = clusterRig();
  const databaseServers = memoryDocuments<DatabaseServerDocument>();
  await databaseServers.put(document.name, document);
  const password = new Secret("p", "a test");
  const asked: unknown[] = [];
  const access = {
    host: "company.howdah-system.svc",
    port: 3306,
    name: "acme",
    user: "acme",
    uid: "u",
    password,
    url: password,
    changed: false,
  };
  const databases = {
    ensureDatabase: async ({ server }: { server: { locate(): Promise<unknown> } }) => {
      asked.push(await server.locate());
      return access;
    },
    findDatabase: async ({ name }: { name: string }) => (name === "company" ? { name: "acme", user: "acme", uid: "u" } : undefined),
    dropDatabase: async ({ server }: { server: { name: string } }) => void asked.push(`drop on ${server.name}`),
  };
  const keptDatabases = { ...memoryDocuments(), tenantOf: async () => tenant };
  const engine = { ...one.engine, kind: "kubernetes" };
  Object.assign(one.ports, { databases, databaseServers, keptDatabases, engine });
  const site = { runtime: { php: "8.4" as const }, database: { server: "company" } };
  await one.release("r1", "one", site, { php: { reference: "php", digest } });
  return { ...one, asked, system: () => one.engine.inventory("howdah-system") };
}

describe("a site of a cluster whose database is outside of it", () => {
  it("is made there by the operator, at the writer, and nothing of ours runs for it", async () => {
    const one = await rig(company);
    const { record } = await one.serve("r1");
    expect(one.asked).toEqual([{ address: "10.0.0.6", port: 3307 }]);
    expect(record.database).toMatchObject({ server: "company", behind: ["10.0.0.5:3306", "10.0.0.6:3307"] });
    expect([...(await one.system()).objects.keys()]).toEqual([]);
  });

  it.each<{ name: string; document: DatabaseServerDocument; tenant: string | null; code: string }>([
    {
      name: "the operator has found a writer",
      document: { name: "company", spec: company.spec },
      tenant: "acme",
      code: "database/no-writer",
    },
    { name: "it is for the site's tenant", document: company, tenant: "other", code: "database/server-refused" },
    { name: "the namespace is a tenant's", document: company, tenant: null, code: "database/server-refused" },
    {
      name: "its kind takes sites",
      document: { name: "company", spec: { kind: "embedded", default: false } },
      tenant: "acme",
      code: "database/server-refused",
    },
  ])("waits until $name", async ({ document, tenant, code }) => {
    const one = await rig(document, tenant);
    await one.ports.sharedImages.put("mariadb-11-8", { name: "mariadb-11-8", reference: "r", version: "1" });
    await expect(one.serve("r1")).rejects.toMatchObject({ code });
  });

  it("is found after its end, and dropped without a pod of ours", async () => {
    const one = await rig(company);
    const found = await databasesNamed("acme", one.ports);
    expect(found).toEqual([{ server: "company", name: "acme", user: "acme", uid: "u" }]);
    await dropDatabases("acme", found, one.ports, { emit: () => undefined, signal: new AbortController().signal });
    expect(one.asked).toEqual(["drop on company"]);
  });
});
