import { HowdahError } from "../../../kernel/howdah-error.ts";
import { DATABASE_SECRET } from "../../../kernel/own-names.ts";
import { Secret } from "../../../kernel/secret.ts";
import type { SecretStore } from "../../secrets/secret-store.ts";
import { databaseNameFor } from "../database-names.ts";
import type { DatabaseAccess, DatabaseRequest } from "../database-server.ts";
import { FORMER_PASSWORD } from "./former-password.ts";
import { identifiedBy, nativePasswordHash } from "./native-password.ts";
import { account, grantPattern, identifier, type Sql, sql, text, word } from "./sql.ts";
import { type ConnectServer, type SqlClient, withSqlClient } from "./sql-client.ts";

const PORT = 3306;

/** A database as it should be. */
interface Wanted {
  readonly name: string;
  readonly password: Secret;
  /** Valid as well while the password is rotated. */
  readonly former: Secret | undefined;
  readonly uid: string;
  readonly charset: string;
  readonly collation: string;
}

/**
 * Makes a site's database and user what they should be. Reads first and writes only what differs, so a repeated call writes
 * nothing; each statement is idempotent, so a crash between two repeats harmlessly. Afterwards it logs in as the site to prove it.
 */
export async function ensureOwnDatabase(
  client: SqlClient,
  secrets: SecretStore,
  request: DatabaseRequest,
  through?: ConnectServer,
): Promise<DatabaseAccess> {
  const { server, namespace } = request;
  const wanted: Wanted = {
    name: databaseNameFor(request.site, request.environment),
    password: await secrets.getOrGenerate(namespace, DATABASE_SECRET, "password", { bytes: 43, encoding: "alphanumeric" }),
    former: request.withdrawFormer === true ? undefined : (await secrets.get(namespace, DATABASE_SECRET))?.[FORMER_PASSWORD],
    uid: (await secrets.getOrGenerate(namespace, DATABASE_SECRET, "uid", { bytes: 16, encoding: "hex" })).reveal(),
    charset: request.charset,
    collation: request.collation,
  };
  const statements = [...(await databaseStatements(client, wanted)), ...(await userStatements(client, wanted))];
  for (const statement of statements) await client.query(statement);
  if (statements.length > 0) await proveLogin(request, wanted, through);
  const host = server.host ?? server.name;
  const url = `mysql://${wanted.name}:${encodeURIComponent(wanted.password.reveal())}@${host}:${PORT}/${wanted.name}`;
  return {
    host,
    port: PORT,
    name: wanted.name,
    user: wanted.name,
    password: wanted.password,
    url: new Secret(url, `${namespace}/${DATABASE_SECRET}`),
    uid: wanted.uid,
    changed: statements.length > 0,
  };
}

/** Which identity a database's comment names. */
export function uidComment(uid: string): string {
  return `howdah uid ${uid}`;
}

async function databaseStatements(client: SqlClient, wanted: Wanted): Promise<Sql[]> {
  const [found] = await client.query(
    sql`SELECT DEFAULT_CHARACTER_SET_NAME AS charset, DEFAULT_COLLATION_NAME AS collation, SCHEMA_COMMENT AS comment FROM information_schema.SCHEMATA WHERE SCHEMA_NAME = ${text(wanted.name)}`,
  );
  const traits = sql`CHARACTER SET ${word(wanted.charset)} COLLATE ${word(wanted.collation)} COMMENT ${text(uidComment(wanted.uid))}`;
  if (found === undefined) return [sql`CREATE DATABASE IF NOT EXISTS ${identifier(wanted.name)} ${traits}`];
  const comment = String(found["comment"] ?? "");
  if (comment.startsWith(uidComment("")) && comment !== uidComment(wanted.uid)) throw belongsToAnother(wanted.name);
  const same =
    comment === uidComment(wanted.uid) &&
    found["charset"] === fullName(wanted.charset) &&
    found["collation"] === fullName(wanted.collation);
  return same ? [] : [sql`ALTER DATABASE ${identifier(wanted.name)} ${traits}`];
}

function belongsToAnother(name: string): HowdahError {
  return new HowdahError("database/failed", `The database ${name} is there already and was made for another site`, {
    hint: "Its secrets were lost or replaced: restore them, or delete the former site's data for good first: `howdah destroy NAME --purge`, on a cluster with `--context`.",
  });
}

/** MariaDB takes `utf8` and calls it `utf8mb3`. */
function fullName(name: string): string {
  return name.replace(/^utf8(?=_|$)/, "utf8mb3");
}

async function userStatements(client: SqlClient, wanted: Wanted): Promise<Sql[]> {
  const user = account(wanted.name);
  const grant = sql`GRANT ALL PRIVILEGES ON ${grantPattern(wanted.name)}.* TO ${user}`;
  const identified = identifiedBy(wanted.password, wanted.former);
  const [found] = await client.query(
    sql`SELECT JSON_VALUE(Priv, '$.plugin') AS plugin, JSON_VALUE(Priv, '$.authentication_string') AS hash, JSON_VALUE(Priv, '$.auth_or[1].authentication_string') AS other, COALESCE(JSON_LENGTH(Priv, '$.auth_or'), 1) AS ways FROM mysql.global_priv WHERE User = ${text(wanted.name)} AND Host = '%'`,
  );
  if (found === undefined) return [sql`CREATE USER IF NOT EXISTS ${user} ${identified}`, grant];
  const other = wanted.former === undefined ? null : nativePasswordHash(wanted.former);
  const same =
    found["plugin"] === "mysql_native_password" &&
    found["hash"] === nativePasswordHash(wanted.password) &&
    found["other"] === other &&
    Number(found["ways"]) === (other === null ? 1 : 2);
  const password = same ? [] : [sql`ALTER USER ${user} ${identified} ACCOUNT UNLOCK`];
  return [...password, ...(await grantStatements(client, wanted, grant))];
}

/** Anything but the one grant is taken away: first all is revoked, then the one given. */
async function grantStatements(client: SqlClient, wanted: Wanted, grant: Sql): Promise<Sql[]> {
  const user = account(wanted.name);
  const rows = await client.query(sql`SHOW GRANTS FOR ${user}`);
  const grants = rows.map((row) => String(Object.values(row)[0])).filter((line) => !line.startsWith("GRANT USAGE ON *.* "));
  const expected = `GRANT ALL PRIVILEGES ON ${grantPattern(wanted.name).text}.* TO ${identifier(wanted.name).text}@\`%\``;
  if (grants.length === 1 && grants[0] === expected) return [];
  return grants.length === 0 ? [grant] : [sql`REVOKE ALL PRIVILEGES, GRANT OPTION FROM ${user}`, grant];
}

async function proveLogin(request: DatabaseRequest, wanted: Wanted, through: ConnectServer | undefined): Promise<void> {
  const login = { server: request.server, user: wanted.name, password: wanted.password, database: wanted.name };
  await withSqlClient(login, (client) => client.query(sql`SELECT 1`), through);
}
