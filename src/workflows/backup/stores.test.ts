import { expect, it } from "vitest";
import type { BackupRepository, StoreLocation } from "../../providers/backup/backup-repository.ts";
import { Secret } from "../../kernel/secret.ts";
import { memoryDocuments } from "../testing/release-rig.ts";
import type { BackupPorts } from "./backup-ports.ts";
import type { BackupRecord, StoreDocument } from "./backup-record.ts";
import type { ServerBackup } from "./server/server-backup.ts";
import { setStore } from "./stores.ts";

const { signal } = new AbortController();
const at = (path: string): StoreLocation => ({ kind: "directory", path });

/** Stores in memory; `/moved` is one that was made before, with all that lies there. */
function machine() {
  const made = new Set(["/moved"]);
  const backups = {
    ...{ stores: memoryDocuments<StoreDocument>(), records: memoryDocuments<BackupRecord>(), servers: memoryDocuments<ServerBackup>() },
    open: ({ location }: { location: StoreLocation }) => {
      const path = location.kind === "directory" ? location.path : "";
      const ensure = async () => !made.has(path) && made.add(path) !== undefined;
      return { ensure, list: async () => (path === "/moved" ? [{ id: "m" }] : []) } as unknown as BackupRepository;
    },
  };
  const secrets = { getOrGenerate: async () => new Secret("p", "a test"), get: async () => undefined };
  const ports = { backups, secrets, clock: { now: () => 0 } } as unknown as BackupPorts;
  const set = (path: string) => setStore({ name: "default", location: at(path), keys: null }, ports, signal);
  const placeOf = async () => (await backups.stores.get("default"))?.location;
  return { backups, set, placeOf };
}

it("gives a store another place while it has no backups", async () => {
  const { set, placeOf } = machine();
  expect([await set("/one"), await set("/one"), await set("/two")]).toEqual([true, false, true]);
  expect(await placeOf()).toEqual(at("/two"));
});

it("does not take a store's backups for those of an empty place, but one that was moved", async () => {
  const { backups, set, placeOf } = machine();
  await set("/one");
  await backups.records.put("blog.1", { store: "default", state: "done" } as BackupRecord);
  const refused = { code: "usage/invalid", message: expect.stringContaining("are in another place") as string };
  for (let time = 0; time < 2; time++) await expect(set("/two")).rejects.toMatchObject(refused);
  expect(await placeOf()).toEqual(at("/one"));
  expect([await set("/moved"), await placeOf()]).toEqual([false, at("/moved")]);
});
