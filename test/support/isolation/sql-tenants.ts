import { DATABASE_SECRET, SYSTEM_NAMESPACE } from "../../../src/kernel/own-names.ts";
import { Secret } from "../../../src/kernel/secret.ts";
import { databaseNameFor } from "../../../src/providers/database/database-names.ts";
import type { DatabaseAccess } from "../../../src/providers/database/database-server.ts";
import { Sql } from "../../../src/kernel/sql.ts";
import { type SqlClient, withSqlClient } from "../../../src/providers/database/mariadb/sql-client.ts";
import type { MariadbContainer } from "../mariadb-container.ts";

/** A connection that a test holds. */
export interface Held {
  readonly client: SqlClient;
  readonly close: () => Promise<void>;
}

/** Sites of several tenants on one server, as the provider makes them. */
export interface SqlTenants {
  /** Makes or mends a site's database and user: the very call that Howdah makes. */
  ensure(site: string): Promise<DatabaseAccess>;
  /** Logs in with what the site was given; mends nothing. */
  asTenant(site: string): Promise<Held>;
  asAdmin(): Promise<Held>;
}

/** Tenants whose sites share a server of a test. */
export function sqlTenants(server: MariadbContainer): SqlTenants {
  const ensure = (site: string): Promise<DatabaseAccess> =>
    server.databases.ensureDatabase({
      server: server.reference,
      ...{ site, environment: "production", namespace: site, charset: "utf8mb4", collation: "utf8mb4_unicode_ci" },
    });
  return {
    ensure,
    async asTenant(site) {
      const name = databaseNameFor(site, "production");
      const password = (await server.secrets.get(site, DATABASE_SECRET))?.["password"] ?? new Secret("", "test");
      return await hold({ server: server.reference, user: name, database: name, password });
    },
    async asAdmin() {
      const kept = await server.secrets.get(SYSTEM_NAMESPACE, server.reference.name);
      return await hold({ server: server.reference, user: "howdah", password: kept?.["admin-password"] ?? new Secret("", "test") });
    },
  };
}

/** A connection of a tenant that always runs a statement. */
export interface Busy {
  id(): number;
  /** A new one, when somebody ended the former. */
  again(): Promise<void>;
  stop(): Promise<void>;
}

/** Lets a tenant run a statement that reads its own rows and takes long, again and again. */
export async function keepBusy(tenants: SqlTenants, site: string): Promise<Busy> {
  let id = 0;
  let ended = true;
  let current: Held | undefined;
  const again = async (): Promise<void> => {
    if (!ended) return;
    await current?.close();
    const held = await tenants.asTenant(site);
    id = Number((await send(held.client, ["SELECT CONNECTION_ID() AS id"]))[0]?.["id"]);
    [current, ended] = [held, false];
    const loop = async (): Promise<void> => {
      for (;;) await send(held.client, ["SELECT SLEEP(10), v FROM secret"]);
    };
    loop().catch(() => (ended = true));
  };
  await again();
  return { id: () => id, again, stop: async () => await current?.close() };
}

/** Sends statements of a test one after another; answers the last one's rows. */
export async function send(client: SqlClient, statements: readonly string[]): Promise<readonly Readonly<Record<string, unknown>>[]> {
  let rows: readonly Readonly<Record<string, unknown>>[] = [];
  for (const statement of statements) rows = await client.query(new Sql(statement));
  return rows;
}

/** A connection that lives until it is closed: `withSqlClient` has none longer than its work. */
async function hold(login: Parameters<typeof withSqlClient>[0]): Promise<Held> {
  const released = Promise.withResolvers<void>();
  return await new Promise<Held>((resolve, reject) => {
    const lived = withSqlClient(login, async (client) => {
      resolve({
        client,
        close: async () => {
          released.resolve();
          await lived;
        },
      });
      await released.promise;
    });
    lived.catch(reject);
  });
}
