import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { identifier, sql } from "../../../kernel/sql.ts";
import type { PrivateConnection, PrivateServers } from "../../../providers/dataset/private-server.ts";
import type { EngineContext } from "../../ports.ts";
import { DEFINER } from "./make-programs.ts";
import { type Nursery, RAW, startSealing } from "./private-breeder.ts";

/** Files that a clone does not need and that could tell something: of the server's start, of its pool's pages, of its logs. */
const LEFT_BEHIND =
  /^(ib_buffer_pool|ibtmp\d+|.*\.err|.*\.log-(bin|slow)|.*-slow\.log|galera\.cache|grastate\.dat|ddl_recovery\.log|.*\.pid|multi-master\.info)$/;
/** Tables of the system in which values of rows or accounts could be. They were never copied from the source; what the masking left in them goes as well. */
const EMPTIED = ["general_log", "slow_log", "column_stats", "index_stats", "table_stats"] as const;

/**
 * Has the server forget all that is no published row, while the quarantine is no longer there: the schema of raw tables, logs, histograms, accounts. Then it
 * ends slowly, with everything purged, and its redo in the size of clones.
 */
export async function scrubServer(nursery: Nursery, ports: { readonly servers: PrivateServers }, context: EngineContext): Promise<void> {
  const server = await startSealing(nursery, ports, context);
  const connection = await server.connect();
  await connection.query(sql`DROP DATABASE IF EXISTS ${identifier(RAW)}`);
  for (const table of EMPTIED) await connection.query(sql`TRUNCATE TABLE ${identifier("mysql")}.${identifier(table)}`);
  await connection.query(sql`SET GLOBAL innodb_max_purge_lag_wait = 0`).catch(() => undefined); // 10.5 and later wait here for the purge
  await dropAccounts(connection);
  await connection.close();
  await server.stop(true);
  const data = join(nursery.directory, "data");
  for (const name of await readdir(data)) if (LEFT_BEHIND.test(name)) await rm(join(data, name), { force: true });
}

/** All but the one that nobody can log in with, and the server's own. The last to go is the one that says so. */
async function dropAccounts(connection: PrivateConnection): Promise<void> {
  const accounts = await connection.query(sql`SELECT User AS user, Host AS host FROM mysql.global_priv`);
  for (const { user, host } of accounts) {
    const account = sql`${identifier(String(user))}@${identifier(String(host))}`;
    if (String(user) === "mariadb.sys" || account.text.replaceAll("`", "'") === DEFINER.text || String(user) === "howdah") continue;
    await connection.query(sql`DROP USER IF EXISTS ${account}`);
  }
  await connection.query(sql`DELETE FROM mysql.global_priv WHERE User = 'howdah'`);
}
