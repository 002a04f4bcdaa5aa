import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { Secret } from "../../../kernel/secret.ts";
import { memoryDocuments } from "../../testing/release-rig.ts";
import type { BackupPorts } from "../backup-ports.ts";
import type { BackupRecord, StoreDocument } from "../backup-record.ts";
import type { ServerBackup } from "../server/server-backup.ts";
import type { BinlogArchive } from "./binlog-archive.ts";
import { cleanSpool, spoolDirectory } from "./ship-binlogs.ts";

const { signal } = new AbortController();
const segment = { timeline: "t", files: [{ file: "binlog.000004", bytes: 5 }], from: "a", to: "b", ended: null };
const archive: BinlogArchive = {
  ...{ server: "mariadb-11-8", segments: [segment], store: "default", part: "p3", shippedAt: null, idle: null, failure: null },
};

async function machine() {
  const stateDirectory = await mkdtemp(join(tmpdir(), "howdah-spool-"));
  const forgotten: string[] = [];
  const repository = {
    list: async () => [{ id: "p2" }, { id: "p3" }],
    forget: async (ids: readonly string[]) => void forgotten.push(...ids),
  };
  const backups = {
    ...{ stores: memoryDocuments<StoreDocument>(), records: memoryDocuments<BackupRecord>(), servers: memoryDocuments<ServerBackup>() },
    ...{ archives: memoryDocuments<BinlogArchive>(), open: () => repository },
  };
  await backups.stores.put("default", { name: "default", location: { kind: "directory", path: "/x" }, setAt: "" });
  await backups.archives.put(archive.server, archive);
  const secrets = { getOrGenerate: async () => new Secret("p", "a test"), get: async () => undefined };
  const ports = { backups, secrets, settings: { stateDirectory } } as unknown as BackupPorts;
  const spool = spoolDirectory(archive.server, ports);
  await mkdir(join(spool, "t"), { recursive: true });
  await writeFile(join(spool, "t", "binlog.000004"), "12345");
  return { ports, backups, forgotten, spool, remove: () => rm(stateDirectory, { recursive: true }) };
}

const position = { timeline: "t", file: "binlog.000004", offset: 4 };

it("keeps what is shipped of a server while a backup can be continued with it", async () => {
  const { ports, backups, forgotten, spool, remove } = await machine();
  await backups.records.put("shop.1", { state: "done", database: { server: "mariadb-11-8", position } } as unknown as BackupRecord);
  expect([await cleanSpool(archive, ports, signal), forgotten]).toEqual([false, []]);
  await backups.records.remove("shop.1");
  await backups.servers.put("mariadb-11-8.1", { state: "done", position } as unknown as ServerBackup);
  expect([await cleanSpool(archive, ports, signal), await readdir(join(spool, "t"))]).toEqual([false, ["binlog.000004"]]);
  await remove();
});

it("goes with its parts in the store when no backup begins in it", async () => {
  const { ports, backups, forgotten, spool, remove } = await machine();
  await backups.records.put("shop.1", {
    ...{ state: "done", database: { server: "mariadb-11-8", position: { ...position, timeline: "other" } } },
  } as unknown as BackupRecord);
  expect([await cleanSpool(archive, ports, signal), forgotten]).toEqual([true, ["p2", "p3"]]);
  expect([await backups.archives.list(), await readdir(spool).catch(() => "gone")]).toEqual([[], "gone"]);
  await remove();
});
