import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileSecretStore } from "../../secrets/file-secret-store.ts";
import { databaseServerContract } from "../database-server-contract.ts";
import { memoryDatabaseServer } from "./memory-database-server.ts";

databaseServerContract("memory", async () => {
  const directory = await mkdtemp(join(tmpdir(), "howdah-memory-db-"));
  const databases = memoryDatabaseServer(fileSecretStore(directory));
  const server = { name: "mariadb-11-8", locate: async () => ({ address: "10.0.0.2", port: 3306 }) };
  return { databases, server, as: (access) => databases.as(server.name, access), stop: () => rm(directory, { recursive: true }) };
});
