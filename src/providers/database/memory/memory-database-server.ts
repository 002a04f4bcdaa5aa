import { HowdahError } from "../../../kernel/howdah-error.ts";
import { DATABASE_SECRET } from "../../../kernel/own-names.ts";
import { Secret } from "../../../kernel/secret.ts";
import type { SecretStore } from "../../secrets/secret-store.ts";
import type { RouterUser } from "../../router/database-router.ts";
import { databaseNameFor } from "../database-names.ts";
import type { DatabaseAccess, DatabaseReference, DatabaseRequest, DatabaseServer } from "../database-server.ts";
import type { SiteSession } from "../database-server-contract.ts";
import { nativePasswordHash } from "../mariadb/native-password.ts";

interface MemoryDatabase {
  readonly uid: string;
  password: Secret;
  readonly tables: Set<string>;
  suspended: boolean;
  blocked: boolean;
}

/** Database servers in memory, for tests of what uses them: databases have names of tables, users have passwords, and nobody gets what is another's. */
export interface MemoryDatabaseServer extends DatabaseServer {
  /** What a site may do on a server. */
  readonly as: (server: string, access: Pick<DatabaseAccess, "user" | "password">) => SiteSession;
}

function routerUser(name: string, { password, suspended }: MemoryDatabase): RouterUser {
  const hash = new Secret(nativePasswordHash(password), "memory");
  return { name, hash, maxConnections: 100, active: !suspended, readSplit: false };
}

/** Makes them; a server is there as soon as it is named. */
export function memoryDatabaseServer(secrets: SecretStore): MemoryDatabaseServer {
  const servers = new Map<string, Map<string, MemoryDatabase>>();
  const on = (server: string): Map<string, MemoryDatabase> => {
    const known = servers.get(server) ?? new Map<string, MemoryDatabase>();
    servers.set(server, known);
    return known;
  };
  const at = ({ server, name }: DatabaseReference): MemoryDatabase | undefined => on(server.name).get(name);
  const change = async (reference: DatabaseReference, apply: (database: MemoryDatabase) => void): Promise<void> => {
    const found = at(reference);
    if (found !== undefined) apply(found);
  };
  return {
    adminSecret: async (name) => ({ "client.cnf": new Secret("", name), "init.sql": new Secret("", name) }),
    ownDatabase: async ({ server, name }) => {
      const password = await secrets.getOrGenerate(server.ownedBy, DATABASE_SECRET, "password", { bytes: 43, encoding: "alphanumeric" });
      const files = { "client.cnf": new Secret("", name), "init.sql": new Secret("", name) };
      const url = new Secret(`mysql://${name}:${password.reveal()}@${server.host ?? server.name}:3306/${name}`, name);
      return { host: server.host ?? server.name, port: 3306, name, user: name, password, url, uid: name, changed: false, files };
    },
    waitReady: async () => undefined,
    ensureDatabase: (request) => ensure(on(request.server.name), secrets, request),
    findDatabase: async (server, { site, environment }) => {
      const name = databaseNameFor(site, environment);
      const found = on(server.name).get(name);
      return found === undefined ? undefined : { name, user: name, uid: found.uid };
    },
    dropDatabase: async ({ server, name, uid }) => on(server.name).get(name)?.uid === uid && on(server.name).delete(name),
    emptyDatabase: (reference) => change(reference, ({ tables }) => tables.clear()),
    suspendUser: ({ server, user }, suspended) => change({ server, name: user }, (one) => (one.suspended = suspended)),
    blockWrites: (reference) => change(reference, (one) => (one.blocked = true)),
    allowWrites: (reference) => change(reference, (one) => (one.blocked = false)),
    blockedDatabases: async (server) => [...on(server.name)].flatMap(([name, { blocked }]) => (blocked ? [name] : [])).toSorted(),
    routerUsers: async (server) => [...on(server.name)].map(([name, one]) => routerUser(name, one)),
    usage: async () => [],
    databaseExists: async (reference) => at(reference) !== undefined,
    tableCount: async (reference) => at(reference)?.tables.size ?? 0,
    ledger: async () => null,
    brokenViews: async () => [],
    sizeBytes: async (reference) => (at(reference)?.tables.size ?? 0) * 16_384,
    as: (server, access) => session(on(server), access),
  };
}

async function ensure(databases: Map<string, MemoryDatabase>, secrets: SecretStore, request: DatabaseRequest): Promise<DatabaseAccess> {
  const { server, namespace } = request;
  const name = databaseNameFor(request.site, request.environment);
  const password = await secrets.getOrGenerate(namespace, DATABASE_SECRET, "password", { bytes: 43, encoding: "alphanumeric" });
  const uid = (await secrets.getOrGenerate(namespace, DATABASE_SECRET, "uid", { bytes: 16, encoding: "hex" })).reveal();
  const found = databases.get(name);
  if (found !== undefined && found.uid !== uid)
    throw new HowdahError("database/failed", `The database ${name} is there already and was made for another site`);
  const changed = found === undefined || found.suspended || found.password.reveal() !== password.reveal();
  databases.set(name, { tables: new Set(), blocked: false, ...found, uid, password, suspended: false });
  if (changed) await request.beforeProof?.();
  const host = server.host ?? server.name;
  const url = new Secret(`mysql://${name}:${encodeURIComponent(password.reveal())}@${host}:3306/${name}`, namespace);
  return { host, port: 3306, name, user: name, password, url, uid, changed };
}

function session(databases: Map<string, MemoryDatabase>, { user, password }: Pick<DatabaseAccess, "user" | "password">): SiteSession {
  const enter = (database: string): MemoryDatabase => {
    const own = databases.get(user);
    if (own === undefined || own.suspended || own.password.reveal() !== password.reveal())
      throw new HowdahError("database/login-refused", `${user} may not log in`);
    if (database !== user) throw new HowdahError("database/failed", `${user} may not use ${database}`);
    return own;
  };
  return {
    makeTable: async (database, table) => {
      const own = enter(database);
      if (own.blocked) throw new HowdahError("database/failed", `${user} may not write`);
      own.tables.add(table);
    },
    tables: async (database) => [...enter(database).tables].toSorted(),
  };
}
