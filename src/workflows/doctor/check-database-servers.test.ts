import { expect, it } from "vitest";
import { Secret } from "../../kernel/secret.ts";
import type { DatabaseServerDocument } from "../database-server/database-server-document.ts";
import type { DiskGuardRecord } from "../disk-guard/disk-guard-record.ts";
import type { Ports } from "../ports.ts";
import { memoryDocuments } from "../testing/release-rig.ts";
import { checkDatabaseServers } from "./check-database-servers.ts";

const GIB = 1024 ** 3;

async function portsWith(readOnly: boolean, record?: Partial<DiskGuardRecord>): Promise<Ports> {
  const databaseServers = memoryDocuments<DatabaseServerDocument>();
  const external = { addresses: [{ host: "192.0.2.5", port: 3306 }], administrator: { secret: "company-administrator" } };
  await databaseServers.put("company", { name: "company", spec: { kind: "external", default: false, external } });
  const diskGuards = memoryDocuments<DiskGuardRecord>();
  if (record !== undefined)
    await diskGuards.put("mariadb-11-8", { server: "mariadb-11-8", level: "acting", usedPercent: 96, blocked: [], at: "", ...record });
  const facts = { answers: true, version: "11.8.3-MariaDB", readOnly, wsrep: null, replica: null, replicas: null, missing: [] };
  return {
    ...{ databaseServers, diskGuards },
    secrets: { get: async () => ({ user: new Secret("howdah", "test"), password: new Secret("p", "test") }) },
    probeDatabase: async () => ({ ...facts, address: "192.0.2.5:3306" }),
  } as unknown as Ports;
}

it("says nothing of servers that are well", async () => {
  expect(await checkDatabaseServers(await portsWith(false, { level: "fine" }))).toEqual([]);
});

it("says that a server outside has no writer, and what a person does then", async () => {
  const [check] = await checkDatabaseServers(await portsWith(true));
  expect(check).toMatchObject({ name: "database server company", ok: false });
  expect(check?.detail).toContain("no address takes writes");
  expect(check?.fix).toContain("Promote a replica");
});

it("says who fills a server's disk", async () => {
  const takes = { databases: 2 * GIB, server: GIB, others: 60 * GIB };
  const [check] = await checkDatabaseServers(await portsWith(false, { takes }));
  expect(check?.detail).toBe(
    "96 % used: databases 2.0 GiB, the server itself 1.0 GiB, everything else 60.0 GiB; most of it are files beside databases",
  );
  expect(check?.fix).toContain("howdah usage");
});
