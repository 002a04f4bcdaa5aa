import { Readable } from "node:stream";
import { expect, it } from "vitest";
import { Secret } from "../../kernel/secret.ts";
import type { BackupRepository, StoreLocation } from "../../providers/backup/backup-repository.ts";
import { memoryDocuments } from "../testing/release-rig.ts";
import type { BackupPorts } from "./backup-ports.ts";
import type { BackupRecord, StoreDocument } from "./backup-record.ts";
import type { ServerBackup } from "./server/server-backup.ts";
import { setStore } from "./stores.ts";
import { refuseStranger } from "./strangers.ts";

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
      const read = () => {
        const record = { namespace: "blog", id: "1", store: "elsewhere", state: "done" };
        return { stream: Readable.from([JSON.stringify({ version: 1, record, secrets: {} })]), done: Promise.resolve() };
      };
      const tags = ["site=blog", "backup=1", "part=manifest"];
      const list = async (asked: readonly string[]) =>
        path === "/moved" && asked.every((tag) => tags.includes(tag)) ? [{ id: "m", time: "", paths: [], tags }] : [];
      return { ensure, list, read } as unknown as BackupRepository;
    },
  };
  const secrets = { getOrGenerate: async () => new Secret("p", "a test"), get: async () => undefined };
  const sites: string[] = [];
  const records = { list: async () => sites.map((namespace) => ({ namespace })) };
  const ports = { backups, secrets, records, retained: { list: async () => [] }, clock: { now: () => 0 } } as unknown as BackupPorts;
  const set = (path: string, mine = false) => setStore({ name: "default", location: at(path), keys: null, mine }, ports, signal);
  const placeOf = async () => (await backups.stores.get("default"))?.location;
  return { backups, ports, sites, set, placeOf };
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

const STRANGE = { code: "usage/invalid", message: expect.stringContaining("that this machine did not make") as string };

it("refuses a place where another machine keeps backups of a site of the same name, and says how both go on", async () => {
  const { sites, set, placeOf } = machine();
  sites.push("shop", "blog");
  await expect(set("/moved")).rejects.toMatchObject({
    message: "That place holds backups of blog that this machine did not make: they would be mixed",
    hint: expect.stringMatching(/s3:.*prefix.*--mine/) as string,
  });
  expect(await placeOf()).toBeUndefined();
  sites.pop();
  expect(await set("/moved")).toBe(false); // a place with others' sites is shared
});

it("takes them for its own when a person says so, and knows them from then on", async () => {
  const { sites, set, backups, placeOf } = machine();
  sites.push("blog");
  expect([await set("/moved", true), await placeOf()]).toEqual([false, at("/moved")]);
  expect(await backups.records.list()).toMatchObject([{ namespace: "blog", id: "1", store: "default" }]);
  expect(await set("/moved")).toBe(false);
});

it("makes no first backup beside a stranger's, and asks no more once it has one there", async () => {
  const { ports } = machine();
  const open = (path: string) => ports.backups.open({ location: at(path) } as never);
  const first = (name: string, path: string, ...remembered: readonly { id: string; store: string; state: string }[]) =>
    refuseStranger({ kind: "site", name, store: "default", remembered }, open(path), signal);
  const another = { id: "7", store: "default", state: "done" };
  for (const strange of [[], [{ ...another, store: "nas" }], [{ ...another, state: "running" }]])
    await expect(first("blog", "/moved", ...strange)).rejects.toMatchObject(STRANGE);
  const itsOwn = { ...another, id: "1", state: "running" }; // whoever made it died before he wrote that down
  for (const right of [first("shop", "/moved"), first("blog", "/one"), first("blog", "/moved", another), first("blog", "/moved", itsOwn)])
    await expect(right).resolves.toBeUndefined();
});
