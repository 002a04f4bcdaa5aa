import { Secret } from "../../../kernel/secret.ts";
import type { RouterUser } from "../../router/database-router.ts";
import { ADMIN_USER } from "./admin-secret.ts";
import { sql, text } from "../../../kernel/sql.ts";
import type { Row, SqlClient } from "./sql-client.ts";

/** A router lets so many times the connections wait that the server lets a user have: a burst queues instead of failing. */
const QUEUE = 4;
/** Of users without a bound of their own. */
const MOST = 2000;

/**
 * Whoever logs in with a password and from everywhere, which are the users of databases. The administrator is left out: nobody shall try passwords of his
 * through a router. A user with two passwords is known by the newer one.
 */
export async function routerUsers(client: SqlClient): Promise<readonly RouterUser[]> {
  const rows = await client.query(
    sql`SELECT User AS name, COALESCE(JSON_VALUE(Priv, '$.authentication_string'), '') AS hash, JSON_VALUE(Priv, '$.account_locked') AS locked, COALESCE(JSON_VALUE(Priv, '$.max_user_connections'), 0) AS connections FROM mysql.global_priv WHERE Host = '%' AND JSON_VALUE(Priv, '$.plugin') = 'mysql_native_password' AND User <> ${text(ADMIN_USER)} ORDER BY User`,
  );
  return rows.filter(({ hash }) => /^\*[0-9A-F]{40}$/.test(String(hash))).map(userOf);
}

function userOf({ name, hash, locked, connections }: Row): RouterUser {
  const bound = Number(connections);
  return {
    name: String(name),
    hash: new Secret(String(hash), `user ${String(name)}`),
    maxConnections: bound > 0 ? Math.min(bound * QUEUE, MOST) : MOST,
    active: !["1", "true"].includes(String(locked)),
    readSplit: false,
  };
}
