import type { Clock } from "../../../kernel/clock.ts";
import { HowdahError } from "../../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../../kernel/own-names.ts";
import type { SecretStore } from "../../secrets/secret-store.ts";
import type { DatabaseServer, ServerReference } from "../database-server.ts";
import { adminClient } from "./admin-client.ts";
import { adminFiles } from "./admin-secret.ts";
import { allowWrites, blockedDatabases, blockWrites } from "./block-writes.ts";
import { brokenViews } from "./broken-views.ts";
import { dropOwnDatabase } from "./drop-database.ts";
import { emptyDatabase } from "./empty-database.ts";
import { ensureOwnDatabase } from "./ensure-database.ts";
import { findOwnDatabase } from "./find-database.ts";
import { ownDatabase } from "./own-database.ts";
import { readLedger } from "./read-ledger.ts";
import { routerUsers } from "./router-users.ts";
import { sql, text } from "../../../kernel/sql.ts";
import type { ConnectServer, SqlClient } from "./sql-client.ts";
import { suspendUser } from "./suspend-user.ts";
import { userStatistics } from "./user-statistics.ts";

export { PASSWORD } from "./admin-client.ts";

const PAUSE_MS = 500;

/**
 * MariaDB servers, administered over TCP (or `through` what leads there) with an account of their own whose password is in the secret store; of servers
 * that Howdah does not run `administratorOf` names the secret with `user` and `password`.
 */
export function mariadbServer(
  secrets: SecretStore,
  clock: Clock,
  through?: ConnectServer,
  administratorOf: (server: string) => Promise<string | undefined> = () => Promise.resolve(undefined),
): DatabaseServer {
  const admin = adminClient({ secrets, through, administratorOf });
  const asAdmin = <T>(server: ServerReference, work: (client: SqlClient) => Promise<T>): Promise<T> => admin.run(server, work);

  async function numberOf(server: ServerReference, statement: ReturnType<typeof sql>): Promise<number> {
    const rows = await asAdmin(server, (client) => client.query(statement));
    return Number(rows[0]?.["n"] ?? 0);
  }

  return {
    adminSecret: async (name) => adminFiles(await admin.password({ name }), `${SYSTEM_NAMESPACE}/${name}`),
    ownDatabase: (request) => ownDatabase(request, { secrets, administrator: (server) => admin.password(server) }),
    async waitReady(server, { timeoutMs, signal }) {
      const end = clock.now() + timeoutMs;
      for (;;) {
        const error = await asAdmin(server, (client) => client.query(sql`SELECT 1`)).then(
          () => undefined,
          (reason: unknown) => reason,
        );
        if (error === undefined) return;
        if (!(error instanceof HowdahError)) throw error;
        if (clock.now() >= end) throw tooLate(server.name, timeoutMs, error);
        await clock.sleep(PAUSE_MS, signal);
      }
    },
    ensureDatabase: async (request) => await asAdmin(request.server, (client) => ensureOwnDatabase(client, secrets, request, through)),
    findDatabase: async (server, owner) => await asAdmin(server, (client) => findOwnDatabase(client, owner)),
    dropDatabase: async (database) => await asAdmin(database.server, (client) => dropOwnDatabase(client, database)),
    emptyDatabase: async ({ server, name }) => await asAdmin(server, (client) => emptyDatabase(client, name)),
    suspendUser: async ({ server, user }, suspended) => await asAdmin(server, (client) => suspendUser(client, user, suspended)),
    routerUsers: async (server) => await asAdmin(server, (client) => routerUsers(client)),
    usage: async (server) => await asAdmin(server, (client) => userStatistics(client)),
    blockWrites: async ({ server, name }) => await asAdmin(server, (client) => blockWrites(client, name)),
    allowWrites: async ({ server, name }) => await asAdmin(server, (client) => allowWrites(client, name)),
    blockedDatabases: async (server) => await asAdmin(server, (client) => blockedDatabases(client)),
    async databaseExists({ server, name }) {
      return (await numberOf(server, sql`SELECT COUNT(*) AS n FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${text(name)}`)) > 0;
    },
    tableCount: ({ server, name }) =>
      numberOf(server, sql`SELECT COUNT(*) AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${text(name)}`),
    ledger: async ({ server, name }) => await asAdmin(server, (client) => readLedger(client, name)),
    brokenViews: async ({ server, name }) => await asAdmin(server, (client) => brokenViews(client, name)),
    sizeBytes: ({ server, name }) =>
      numberOf(
        server,
        sql`SELECT COALESCE(SUM(DATA_LENGTH + INDEX_LENGTH), 0) AS n FROM information_schema.TABLES WHERE TABLE_SCHEMA = ${text(name)}`,
      ),
  };
}

function tooLate(server: string, timeoutMs: number, last: HowdahError): HowdahError {
  return new HowdahError(
    "database/unreachable",
    `The database server ${server} did not answer within ${timeoutMs / 1000} seconds: ${last.message}`,
  );
}
