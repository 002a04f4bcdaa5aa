import { expect, it } from "vitest";
import { memoryEngine } from "../../engine/memory/memory-engine.ts";
import { Secret } from "../../kernel/secret.ts";
import type { Ports } from "../ports.ts";
import { memoryDocuments } from "../testing/release-rig.ts";
import { checkServer } from "./check-server.ts";
import type { DatabaseServerDocument } from "./database-server-document.ts";
import { ensureExternal } from "./ensure-external.ts";
import { steadyAddress } from "./find-writer.ts";
import { followWriters } from "./follow-writers.ts";
import { listServers } from "./list-servers.ts";
import { removeServer } from "./remove-server.ts";
import { setServer } from "./set-server.ts";

type Probed = Awaited<ReturnType<Ports["probeDatabase"]>>;

const context = { emit: () => undefined, signal: new AbortController().signal };
const writer = { answers: true, version: "11.8.3-MariaDB", readOnly: false, wsrep: null, replica: null, replicas: null, missing: [] };
const replica = { ...writer, readOnly: true, replica: { running: true, lagSeconds: 0 } };
const addresses = [
  { host: "192.0.2.5", port: 3306 },
  { host: "192.0.2.6", port: 3306 },
];
const password = new Secret("p", "a test");

/** A machine in memory, and two servers outside of it. */
function rig() {
  const engine = memoryEngine({ start: ({ image }) => ({ state: "ready", serves: image, output: [] }), program: () => Promise.resolve(0) });
  const world = new Map<string, object>([
    ["192.0.2.5", writer],
    ["192.0.2.6", replica],
  ]);
  const secrets = new Map<string, Record<string, Secret>>();
  let lacking: readonly string[] = [];
  const ports = {
    ...{ engine, databaseServers: memoryDocuments<DatabaseServerDocument>(), records: memoryDocuments(), retained: memoryDocuments() },
    databases: { waitReady: () => Promise.resolve() },
    locks: { hold: (_namespace: string, _command: string, work: () => Promise<unknown>) => work() },
    secrets: {
      get: async (_namespace: string, name: string) => secrets.get(name),
      set: async (_namespace: string, name: string, data: Record<string, Secret>) => void secrets.set(name, data),
      remove: async (_namespace: string, name: string) => secrets.delete(name),
    },
    probeDatabase: async (
      { host, port }: { host: string; port: number },
      _: unknown,
      { databases = [] }: { databases?: readonly string[] },
    ) =>
      ({
        ...world.get(host),
        address: `${host}:${String(port)}`,
        lacks: databases.filter((name) => lacking.includes(name)),
      }) as unknown as Probed,
  } as unknown as Ports;
  const set = () => setServer({ name: "company", addresses, user: "keeper", password }, ports, context);
  const use = async (namespace: string) => {
    const document = (await ports.databaseServers.get("company")) as Parameters<typeof ensureExternal>[0]["document"];
    return ensureExternal({ document, namespace, image: "way:1", clientImage: "mariadb:1" }, ports, context);
  };
  const config = async (): Promise<string> => {
    const { objects } = await engine.inventory("howdah-system");
    return [...objects.keys()].toSorted().join(" ");
  };
  const lack = (...names: readonly string[]) => void (lacking = names);
  return { lack, ports, world, secrets, set, use, config, engine };
}

it("names a server once it was asked, keeps its password among secrets, and lists it", async () => {
  const { ports, set, secrets } = rig();
  expect((await set()).choice).toMatchObject({ writer: "192.0.2.5:3306", warning: expect.stringContaining("asynchronous") as string });
  expect([...secrets.keys()]).toEqual(["company-administrator"]);
  expect(JSON.stringify(await ports.databaseServers.list())).not.toContain('"p"');
  expect(await listServers(ports)).toMatchObject([{ name: "company", kind: "external", writer: "192.0.2.5:3306", sites: [] }]);
});

it("takes no other address without the databases of its sites, unless it is told to", async () => {
  const { ports, set, world, lack } = rig();
  await set();
  const other = [{ host: "192.0.2.9", port: 3306 }];
  world.set("192.0.2.9", writer);
  const database = { server: "company", name: "shop_db" };
  await ports.records.put("shop", { namespace: "shop", database } as never);
  await ports.retained.put("old", { record: { namespace: "old", database: { ...database, name: "old_db" } } } as never);
  lack("shop_db", "old_db");
  const again = (more: object = {}) => setServer({ name: "company", addresses: other, ...more }, ports, context);
  await expect(again()).rejects.toMatchObject({
    code: "database/not-there",
    message: "192.0.2.9:3306 lacks databases that are on company: old_db, shop_db (of old, shop)",
  });
  expect(await ports.databaseServers.get("company")).toMatchObject({ writer: "192.0.2.5:3306", spec: { external: { addresses } } });
  // A failover inside of the group is followed without a question, and so is what has all.
  expect((await again({ addresses: [...addresses].toReversed() })).choice.writer).toBe("192.0.2.5:3306");
  lack();
  expect((await again()).choice.writer).toBe("192.0.2.9:3306");
  lack("shop_db");
  await expect(again({ addresses })).rejects.toMatchObject({ code: "database/not-there" });
  expect((await again({ addresses, force: true })).choice.writer).toBe("192.0.2.5:3306");
});

it("keeps nothing of a server that can't be used", async () => {
  const { ports, set, secrets, world } = rig();
  world.set("192.0.2.5", replica);
  await expect(set()).rejects.toMatchObject({ code: "database/no-writer" });
  expect([await ports.databaseServers.list(), secrets.size]).toEqual([[], 0]);
});

it.each(["mariadb-11-8", "howdah-x", "A", "a_b", "../x"])("refuses %j as a name", async (name) => {
  const { ports } = rig();
  await expect(setServer({ name, addresses, user: "k", password }, ports, context)).rejects.toMatchObject({ code: "usage/invalid" });
});

it("has one way for all sites, and a policy for each", async () => {
  const { set, use, config } = rig();
  await set();
  expect(await use("shop")).toEqual({ client: { host: "127.0.0.1", port: 3306 } });
  await use("blog");
  expect(await config()).toBe(
    "ConfigMap/company NetworkPolicy/company-from-blog NetworkPolicy/company-from-shop Service/company StatefulSet/company",
  );
});

it("leads sites to a writer that was promoted, once, and stays where it was while there is none", async () => {
  const { ports, set, use, world } = rig();
  await set();
  await use("shop");
  expect(await followWriters(ports, context)).toEqual([]);
  world.set("192.0.2.5", { answers: false, because: "does not answer", failure: "database/unreachable" });
  expect(await followWriters(ports, context)).toMatchObject([
    { server: "company", writer: null, error: expect.stringContaining("no address takes writes") as string },
  ]);
  world.set("192.0.2.6", writer);
  expect(await followWriters(ports, context)).toEqual([{ server: "company", writer: "192.0.2.6:3306" }]);
  expect(await followWriters(ports, context)).toEqual([]);
  expect((await checkServer("company", ports)).server).toMatchObject({
    writer: "192.0.2.6:3306",
    addresses: [{ role: "does not answer" }, { role: "writer" }],
  });
});

it("keeps what a person changed while it was asked", async () => {
  const { ports, set, world } = rig();
  await set();
  world.set("192.0.2.5", replica);
  world.set("192.0.2.6", writer);
  const known = await ports.databaseServers.get("company");
  const probeDatabase: Ports["probeDatabase"] = async (...given) => {
    if (known !== undefined) await ports.databaseServers.put("company", { ...known, spec: { ...known.spec, default: true } });
    return await ports.probeDatabase(...given);
  };
  await followWriters({ ...ports, probeDatabase }, context);
  expect(await ports.databaseServers.get("company")).toMatchObject({ writer: "192.0.2.6:3306", spec: { default: true } });
});

it("leads to the same one of a name's addresses in whatever order they come", () => {
  const addresses = [
    { address: "2001:db8::1", family: 6 },
    { address: "192.0.2.9", family: 4 },
    { address: "192.0.2.10", family: 4 },
  ];
  expect([steadyAddress(addresses), steadyAddress(addresses.toReversed())]).toEqual(["192.0.2.10", "192.0.2.10"]);
});

it("is forgotten with its way and its password, but not while a site's data is on it", async () => {
  const { ports, set, use, config, secrets } = rig();
  await set();
  await use("shop");
  await ports.retained.put("shop", { namespace: "shop", record: { namespace: "shop", database: { server: "company" } } } as never);
  await expect(removeServer("company", ports, context)).rejects.toMatchObject({ code: "database/server-in-use" });
  await ports.retained.remove("shop");
  await removeServer("company", ports, context);
  expect([await config(), secrets.size, await ports.databaseServers.list()]).toEqual(["NetworkPolicy/company-from-shop", 0, []]);
});
