import type { Secret } from "../../../kernel/secret.ts";
import type { DatabaseLimits } from "../database-server.ts";
import { isWriteBlocked } from "./block-writes.ts";
import { identifiedBy, nativePasswordHash } from "./native-password.ts";
import { account, grantPattern, identifier, number, type Sql, sql, text } from "../../../kernel/sql.ts";
import type { Row, SqlClient } from "./sql-client.ts";

/** A database's user as it should be; its name is the database's. */
export interface WantedUser {
  readonly name: string;
  readonly password: Secret;
  /** Valid as well while the password is rotated. */
  readonly former: Secret | undefined;
  /** Undefined: whatever it has. */
  readonly limits: DatabaseLimits | undefined;
}

/** What makes the user what it should be, whatever somebody did to it: password, limits, lock, and the one grant. Nothing when it is so. */
export async function userStatements(client: SqlClient, wanted: WantedUser): Promise<Sql[]> {
  const user = account(wanted.name);
  const grant = sql`GRANT ALL PRIVILEGES ON ${grantPattern(wanted.name)}.* TO ${user}`;
  const identified = identifiedBy(wanted.password, wanted.former);
  const [found] = await client.query(
    sql`SELECT JSON_VALUE(Priv, '$.plugin') AS plugin, JSON_VALUE(Priv, '$.authentication_string') AS hash, JSON_VALUE(Priv, '$.auth_or[1].authentication_string') AS other, COALESCE(JSON_LENGTH(Priv, '$.auth_or'), 1) AS ways, JSON_VALUE(Priv, '$.account_locked') AS locked, COALESCE(JSON_VALUE(Priv, '$.max_user_connections'), 0) AS connections, COALESCE(JSON_VALUE(Priv, '$.max_statement_time'), 0) AS seconds FROM mysql.global_priv WHERE User = ${text(wanted.name)} AND Host = '%'`,
  );
  if (found === undefined) return [sql`CREATE USER IF NOT EXISTS ${user} ${identified}${withLimits(wanted.limits)}`, grant];
  const same = hasPasswords(found, wanted) && hasLimits(found, wanted.limits) && !isLocked(found);
  const altered = same ? [] : [sql`ALTER USER ${user} ${identified}${withLimits(wanted.limits)} ACCOUNT UNLOCK`];
  return [...altered, ...(await grantStatements(client, wanted, grant))];
}

function withLimits(limits: DatabaseLimits | undefined): Sql {
  if (limits === undefined) return sql``;
  return sql` WITH MAX_USER_CONNECTIONS ${number(limits.connections)} MAX_STATEMENT_TIME ${number(limits.statementSeconds)}`;
}

function hasPasswords(found: Row, { password, former }: WantedUser): boolean {
  const other = former === undefined ? null : nativePasswordHash(former);
  return (
    found["plugin"] === "mysql_native_password" &&
    found["hash"] === nativePasswordHash(password) &&
    found["other"] === other &&
    Number(found["ways"]) === (other === null ? 1 : 2)
  );
}

function hasLimits(found: Row, limits: DatabaseLimits | undefined): boolean {
  if (limits === undefined) return true;
  return Number(found["connections"]) === limits.connections && Number(found["seconds"]) === limits.statementSeconds;
}

function isLocked(found: Row): boolean {
  return ["1", "true"].includes(String(found["locked"]));
}

/** Anything but the one grant is taken away: first all is revoked, then the one given. What `blockWrites` left of it stays until `allowWrites`. */
async function grantStatements(client: SqlClient, wanted: WantedUser, grant: Sql): Promise<Sql[]> {
  const user = account(wanted.name);
  const rows = await client.query(sql`SHOW GRANTS FOR ${user}`);
  const grants = rows.map((row) => String(Object.values(row)[0])).filter((line) => !line.startsWith("GRANT USAGE ON *.* "));
  const expected = `GRANT ALL PRIVILEGES ON ${grantPattern(wanted.name).text}.* TO ${identifier(wanted.name).text}@\`%\``;
  if (grants.length === 1 && (grants[0] === expected || (await isWriteBlocked(client, wanted.name)))) return [];
  return grants.length === 0 ? [grant] : [sql`REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${user}`, grant];
}
