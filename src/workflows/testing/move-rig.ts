import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import { type MemoryEngine, memoryEngine } from "../../engine/memory/memory-engine.ts";
import { DATABASE_SECRET, GENERATED_SECRET } from "../../kernel/own-names.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { Secret } from "../../kernel/secret.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import type { DatabaseServer } from "../../providers/database/database-server.ts";
import { emptyLock } from "../../providers/image-lock.ts";
import type { SecretStore } from "../../providers/secrets/secret-store.ts";
import type { RenderInput } from "../../render/site/render-input.ts";
import { renderSite } from "../../render/site/render-site.ts";
import { resolveSite } from "../../site/resolve.ts";
import { siteDocument } from "../../site/schema/site-document.ts";
import type { Site } from "../../site/site.ts";
import { siteDatabase } from "../database/site-database.ts";
import type { DatabaseMovePorts, FormerDatabase, MoveJournal } from "../database-move/move-journal.ts";
import { type MovedSite, moveDatabase } from "../database-move/move-database.ts";
import { phpTarget } from "../php-target.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { noteServing, recordRelease } from "../release/release-store.ts";
import { prepareSecrets } from "../up/prepare-secrets.ts";
import { quietPorts } from "./quiet-ports.ts";
import { Killed, memoryDocuments } from "./release-rig.ts";

/** A database in memory: rows are numbers, and the log of a server is their order. */
export interface MemoryDatabase {
  readonly uid: string;
  readonly rows: number[];
  locked: boolean;
}

/** What goes wrong in a test. */
export interface MoveFaults {
  /** Called before a call of a port is performed, with its name: may throw, or write. */
  before: (call: string) => void;
  /** Called when it was. */
  after: (call: string) => Promise<void>;
}

/** A machine in memory whose site `blog` has its data on `mariadb-10-11`. */
export interface MoveRig {
  readonly ports: Ports;
  readonly engine: MemoryEngine;
  readonly moves: DatabaseMovePorts;
  readonly faults: MoveFaults;
  readonly context: EngineContext;
  /** By server. */
  readonly servers: ReadonlyMap<string, Map<string, MemoryDatabase>>;
  /** Moves the site; `killAt`: it dies at its so-many-th call of a port, and does nothing more. */
  move(to: string, options?: { readonly killAt?: number; readonly catchUp?: boolean }): Promise<MovedSite>;
  /** A visitor's row, as pods write it; false when it was not acknowledged. */
  write(row: number): Promise<boolean>;
  /** Where pods find the database. */
  host(): Promise<string>;
}

const NAME = "blog";
const context: EngineContext = { emit: () => undefined, signal: new AbortController().signal };

/** Makes the machine. */
export async function moveRig(): Promise<MoveRig> {
  const engine = memoryEngine({
    start: () => ({ state: "ready", serves: "page", output: [] }),
    program: async (_argv, { env, out }) => {
      out(env["DB_HOST"] ?? "");
      return 0;
    },
  });
  const servers = new Map<string, Map<string, MemoryDatabase>>();
  const faults: MoveFaults = { before: () => undefined, after: () => Promise.resolve() };
  const ports = portsOf(engine, servers);
  const moves = ports.databaseMoves;
  if (moves === undefined) throw new TypeError("the rig moves databases");
  const watched = mortal(
    ports,
    (call) => faults.before(call),
    (call) => faults.after(call),
  );
  await install(ports);
  const host = async (): Promise<string> => {
    const stdout = new PassThrough();
    const said = text(stdout);
    const { site } = (await ports.records.get(NAME)) as SiteRecord;
    await engine.exec(phpTarget(site, NAME), { argv: ["host"], stdin: "none", stdout }, context);
    stdout.end();
    return await said;
  };
  return {
    ...{ ports, engine, moves, faults, context, servers, host },
    async move(to, { killAt, catchUp = true } = {}) {
      let calls = 0;
      const killed = mortal(watched, () => {
        if (++calls >= (killAt ?? Number.POSITIVE_INFINITY)) throw new Killed();
      });
      const record = (await ports.records.get(NAME)) as SiteRecord;
      return await moveDatabase(record, { to, catchUp, checksums: true }, killed, context);
    },
    async write(row) {
      if (engine.ask("blog.localhost") !== "page") return false;
      const database = servers.get(await host())?.get(NAME);
      if (database === undefined || database.locked) return false;
      database.rows.push(row);
      return true;
    },
  };
}

/** Every call goes by `before` first. Locks are not wrapped: a dead process holds none. */
function mortal(ports: Ports, before: MoveFaults["before"], after: MoveFaults["after"] = () => Promise.resolve()): Ports {
  const wrap = <T extends object>(port: T, name: string): T =>
    new Proxy(port, {
      get: (target, key) => {
        const method = Reflect.get(target, key) as (...given: readonly unknown[]) => unknown;
        if (typeof method !== "function") return method;
        return async (...given: readonly unknown[]): Promise<unknown> => {
          before(`${name}.${String(key)}`);
          const done = await method.apply(target, [...given]);
          await after(`${name}.${String(key)}`);
          return done;
        };
      },
    });
  const { engine, records, outcomes, releases, databases, databaseMoves: moves } = ports;
  if (moves === undefined) return ports;
  return {
    ...ports,
    ...{ engine: wrap(engine, "engine"), records: wrap(records, "records"), databases: wrap(databases, "databases") },
    ...{ outcomes: wrap(outcomes, "outcomes"), releases: wrap(releases, "releases") },
    databaseMoves: {
      ...{ mover: wrap(moves.mover, "mover"), carrier: wrap(moves.carrier, "carrier") },
      ...{ journals: wrap(moves.journals, "journals"), formers: wrap(moves.formers, "formers") },
    },
  };
}

function portsOf(engine: MemoryEngine, servers: Map<string, Map<string, MemoryDatabase>>): Ports {
  let now = Date.parse("2026-11-22T12:00:00Z");
  const part: Partial<Ports> = {
    ...quietPorts(() => engine.ask("blog.localhost")),
    engine,
    clock: { now: () => (now += 1), sleep: () => Promise.resolve() },
    settings: { stateDirectory: "/nonexistent/howdah", httpPort: 8080, httpsPort: 8443, bind: "127.0.0.1", retentionDays: 7, who: "ann" },
    ...{ records: memoryDocuments(), retained: memoryDocuments(), releases: memoryDocuments(), outcomes: memoryDocuments() },
    ...{ migrations: memoryDocuments(), rollouts: memoryDocuments(), watches: memoryDocuments(), databaseServers: memoryDocuments() },
    ...{ sharedImages: memoryDocuments(), secrets: memorySecrets(), databases: memoryDatabases(servers) },
    databaseMoves: {
      ...{ journals: memoryDocuments<MoveJournal>(), formers: memoryDocuments<FormerDatabase>() },
      ...memoryMover(servers),
    },
    images: {
      lock: () => Promise.resolve(emptyLock),
      ensureBase: () => Promise.resolve({ reference: "mariadb" }),
      list: () => Promise.resolve([]),
    } as unknown as Ports["images"],
    files: { read: () => Promise.resolve(undefined), write: () => Promise.resolve() } as unknown as Ports["files"],
  };
  return part as Ports;
}

function memorySecrets(): SecretStore {
  const all = new Map<string, Secret>();
  return {
    get: (namespace, name) => {
      const keys = [...all].filter(([key]) => key.startsWith(`${namespace}/${name}/`));
      const data = Object.fromEntries(keys.map(([key, secret]) => [key.split("/")[2] ?? "", secret]));
      return Promise.resolve(keys.length === 0 ? undefined : data);
    },
    set: async (namespace, name, data) => {
      for (const [key, secret] of Object.entries(data)) all.set(`${namespace}/${name}/${key}`, secret);
    },
    getOrGenerate: async (namespace, name, key) => {
      const path = `${namespace}/${name}/${key}`;
      const found = all.get(path) ?? new Secret(`made ${String(all.size)}`, path);
      all.set(path, found);
      return found;
    },
    list: () => Promise.resolve([]),
    remove: (namespace, name, key) => Promise.resolve(all.delete(`${namespace}/${name}/${key ?? ""}`)),
  };
}

function memoryDatabases(servers: Map<string, Map<string, MemoryDatabase>>): DatabaseServer {
  const on = (server: string): Map<string, MemoryDatabase> => {
    const found = servers.get(server) ?? new Map<string, MemoryDatabase>();
    servers.set(server, found);
    return found;
  };
  const part: Partial<DatabaseServer> = {
    adminSecret: () => Promise.resolve({}),
    waitReady: () => Promise.resolve(),
    async ensureDatabase({ server, site }) {
      const database = on(server.name).get(site) ?? { uid: "uid", rows: [], locked: false };
      database.locked = false;
      on(server.name).set(site, database);
      const [password, url] = [new Secret("password", "password"), new Secret(`mysql://${server.name}`, "url")];
      return { host: server.name, port: 3306, name: site, user: site, password, url, uid: database.uid, changed: false };
    },
    databaseExists: ({ server, name }) => Promise.resolve(on(server.name).has(name)),
    dropDatabase: ({ server, name, uid }) => Promise.resolve(on(server.name).get(name)?.uid === uid && on(server.name).delete(name)),
    suspendUser: async ({ server, user }, locked) => {
      const database = on(server.name).get(user);
      if (database !== undefined) database.locked = locked;
    },
    brokenViews: () => Promise.resolve([]),
  };
  return part as DatabaseServer;
}

function memoryMover(servers: Map<string, Map<string, MemoryDatabase>>): Pick<DatabaseMovePorts, "mover" | "carrier"> {
  const rowsOf = (server: string): number[] => {
    const found = servers.get(server)?.get(NAME);
    if (found === undefined) throw new HowdahError("database/failed", `${server} has no database`);
    return found.rows;
  };
  const file = "binlog.000001";
  const rowsIn = (record: SiteRecord): number[] => rowsOf(siteDatabase(record).server);
  return {
    mover: {
      serverFacts: ({ name }) =>
        Promise.resolve({
          version: `${name.slice("mariadb-".length).replace("-", ".")}.1-MariaDB`,
          ...{ engines: ["innodb"], collations: [], binlog: "rows" as const, mayReplay: true },
        }),
      describe: () => Promise.resolve({ tables: 1, bytes: 1, engines: ["InnoDB"], collations: [], versioned: [] }),
      position: async ({ name }) => ({ file, position: rowsOf(name).length }),
      logFiles: async ({ name }) => [{ file, bytes: rowsOf(name).length }],
      content: async ({ server }) => {
        const rows = rowsOf(server.name);
        return { tables: [{ name: "t", rows: rows.length, checksum: rows.join(), shape: "" }], others: [] };
      },
      openReplay: ({ name }) => Promise.resolve({ user: `${name}~move`, password: new Secret("x", "x") }),
      closeReplay: () => Promise.resolve(),
    },
    carrier: {
      async copy({ from, to, withPosition }) {
        rowsIn(to).push(...rowsIn(from));
        return { bytes: 1, position: withPosition ? { file, position: rowsIn(from).length } : null };
      },
      replay: async ({ from, to, begin, end }) => void rowsIn(to).push(...rowsIn(from).slice(begin.position, end.position)),
      readsLog: () => Promise.resolve(true),
      room: () => Promise.resolve(null),
    },
  };
}

/** The site as `up` would have left it, with its first rows. */
async function install(ports: Ports): Promise<void> {
  const document = siteDocument.parse({
    ...{ apiVersion: "howdah.dev/v1alpha1", kind: "Site", metadata: { name: NAME } },
    spec: { runtime: { php: "8.4" }, database: { version: "10.11" } },
  });
  const { site } = resolveSite(document, { environment: "production" });
  if (site === undefined) throw new TypeError("the site is wrong");
  const server = { name: "mariadb-10-11", locate: () => Promise.resolve(undefined) };
  const owner = { site: NAME, environment: "production", namespace: NAME };
  const access = await ports.databases.ensureDatabase({ server, ...owner, charset: "utf8mb4", collation: "utf8mb4_unicode_ci" });
  const { host, port, name, user, uid } = access;
  await prepareSecrets(site, NAME, { password: access.password, url: access.url }, ports);
  const input = inputOf({ host, port, name, user });
  const image = { reference: "web", digest: "sha256:web" };
  const when = "2026-11-22T12:00:00.000Z";
  await recordRelease(
    {
      ...{ namespace: NAME, site, input, images: { web: image, php: image }, codeDigest: "c", configDigest: "c", judged: [] },
      ...{ migration: null, git: null, who: "ann", when, why: null, rollbackOf: null },
    },
    [],
    ports,
  );
  await noteServing(NAME, "r1", ports);
  await ports.records.put(NAME, recordOf(site, input, { server: server.name, host, port, name, user, uid }));
  for (const step of planObjects(renderSite(site, input), await ports.engine.inventory(NAME)))
    await ports.engine.apply(NAME, step, context);
}

function inputOf(database: Omit<NonNullable<RenderInput["database"]>, "secretName">): RenderInput {
  return {
    ...{ images: { web: "web", php: "php" }, url: "http://blog.localhost:8080", resolver: "10.0.0.1", trustedProxies: [] },
    ...{ database: { ...database, secretName: DATABASE_SECRET }, generatedSecret: GENERATED_SECRET, secretsDigest: "s" },
    ...{ releaseId: "one", migration: "m1" },
  };
}

function recordOf(site: Site, input: RenderInput, database: NonNullable<SiteRecord["database"]>): SiteRecord {
  const { url, images, releaseId, migration, secretsDigest } = input;
  return {
    ...{ site, namespace: NAME, file: "/blog/howdah.yaml", url, images, releaseId, migration, watched: {}, secretsDigest, database },
    serving: { releaseId, images: ["web", "php"], since: "", release: "r1" },
    ...{ updatedAt: "", postDeployed: null, credentialsShown: true },
  };
}
