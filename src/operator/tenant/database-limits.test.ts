import { expect, it } from "vitest";
import { Secret } from "../../kernel/secret.ts";
import { resources } from "../../kubernetes/resources.ts";
import type { DatabaseServerDocument } from "../../workflows/database-server/database-server-document.ts";
import { memoryDocuments } from "../../workflows/testing/release-rig.ts";
import { operatorRig } from "../testing/operator-rig.ts";
import { type DatabaseLimits, databaseLimits } from "./database-limits.ts";

it.each<{ name: string; spec: Parameters<typeof databaseLimits>[0]; limits: readonly [number, number] }>([
  { name: "a profile's", spec: { profile: "small" }, limits: [12, 60] },
  { name: "none without a profile", spec: {}, limits: [0, 0] },
  { name: "none of the profile own", spec: { profile: "own" }, limits: [0, 0] },
  { name: "its own before the profile's", spec: { profile: "medium", database: { connections: 40 } }, limits: [40, 120] },
  { name: "its own of the profile own", spec: { profile: "own", database: { connections: 4, statementSeconds: 9 } }, limits: [4, 9] },
])("bounds of a tenant's database users are $name", ({ spec, limits }) => {
  const { connections, statementSeconds } = databaseLimits(spec);
  expect([connections, statementSeconds]).toEqual(limits);
});

it("the user of a site's database gets what its tenant's profile says, and another when that changes", async () => {
  const rig = operatorRig();
  const asked: (DatabaseLimits | undefined)[] = [];
  const password = new Secret("p", "a test");
  const [host, port] = ["company.howdah-system.svc", 3306];
  const access = { host, port, name: "acme", user: "acme", uid: "u", password, url: password, changed: false };
  const ensureDatabase = async ({ limits }: { limits?: DatabaseLimits }) => {
    asked.push(limits);
    return access;
  };
  const databaseServers = memoryDocuments<DatabaseServerDocument>();
  const external = { addresses: [{ host: "10.0.0.5", port: 3306 }], administrator: { secret: "keeper" } };
  await databaseServers.put("company", {
    name: "company",
    spec: { kind: "external", default: false, external },
    writer: "10.0.0.5:3306",
  });
  const keptDatabases = { ...memoryDocuments(), tenantOf: async () => "acme" };
  Object.assign(rig.ports, {
    databases: { ensureDatabase },
    databaseServers,
    keptDatabases,
    engine: { ...rig.engine, kind: "kubernetes" },
  });
  const profile = async (spec: object): Promise<DatabaseLimits | undefined> => {
    await rig.api.apply(
      resources.Tenant,
      { apiVersion: "howdah.dev/v1alpha1", kind: "Tenant", metadata: { name: "acme" }, spec },
      { fieldManager: "kubectl" },
    );
    await rig.tenant("acme");
    await rig.settle();
    return asked.at(-1);
  };
  const site = { runtime: { php: "8.4" as const }, database: { server: "company" } };
  await rig.applySite(site);
  await rig.release("r1", "one", site, { php: { reference: "php", digest: `sha256:${"0".repeat(64)}` } });
  expect(await profile({ profile: "small" })).toEqual({ connections: 12, statementSeconds: 60 });
  expect(await profile({ profile: "large" })).toEqual({ connections: 72, statementSeconds: 300 });
  expect(await profile({ profile: "own", database: { connections: 5 } })).toEqual({ connections: 5, statementSeconds: 0 });
});
