import { HowdahError } from "../../../kernel/howdah-error.ts";
import { DATABASE_SECRET } from "../../../kernel/own-names.ts";
import { Secret } from "../../../kernel/secret.ts";
import type { SecretStore } from "../../secrets/secret-store.ts";
import { databaseNameFor } from "../database-names.ts";
import type { DatabaseAccess, DatabaseRequest } from "../database-server.ts";
import { FORMER_PASSWORD } from "./former-password.ts";
import { proofMark, proofStatements, proveDatabase } from "./prove-database.ts";
import { identifier, number, type Sql, sql, text, word } from "../../../kernel/sql.ts";
import type { ConnectServer, SqlClient } from "./sql-client.ts";
import { userStatements, type WantedUser } from "./user-statements.ts";

const PORT = 3306;

/** One provisioning at a time for each database, as far as one server goes: who comes second finds nothing left to do. */
const LOCK_SECONDS = 50;

/** A database as it should be. */
interface Wanted extends WantedUser {
  readonly uid: string;
  readonly charset: string;
  readonly collation: string;
}

/**
 * Makes a site's database and user what they should be. Reads first and writes only what differs, so a repeated call writes nothing; each
 * statement is idempotent, so a crash between two repeats harmlessly. What was written is proved by the site's own user (`proveDatabase`).
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
    limits: request.limits,
  };
  const changed = (await statementsFor(client, wanted)).length > 0 && (await writeAndProve(client, wanted, request, through));
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
    changed,
  };
}

/** False when another call has done it meanwhile. */
async function writeAndProve(
  client: SqlClient,
  wanted: Wanted,
  request: DatabaseRequest,
  through: ConnectServer | undefined,
): Promise<boolean> {
  // Names of locks are the whole server's, and any user may hold one: this one's nobody else can guess.
  const lock = text(`howdah ${wanted.uid}`);
  await client.query(sql`SELECT GET_LOCK(${lock}, ${number(LOCK_SECONDS)})`);
  try {
    const statements = await statementsFor(client, wanted);
    for (const statement of statements) await client.query(statement);
    if (statements.length > 0) await request.beforeProof?.();
    if (statements.length > 0)
      await proveDatabase(
        client,
        { server: asSites(request.server), user: wanted.name, password: wanted.password, database: wanted.name },
        through,
      );
    return statements.length > 0;
  } finally {
    await client.query(sql`SELECT RELEASE_LOCK(${lock})`).catch(() => []); // its connection ends anyway
  }
}

/** A server as its sites see it. */
function asSites(server: DatabaseRequest["server"]): DatabaseRequest["server"] {
  return server.way === undefined ? server : { ...server, locate: server.way };
}

/** What is to be written; a proof that was cut off counts as well. */
async function statementsFor(client: SqlClient, wanted: Wanted): Promise<readonly Sql[]> {
  const database = await databaseStatements(client, wanted);
  const user = await userStatements(client, wanted);
  const proof = await proofStatements(client, wanted.name);
  if (database.length + user.length + proof.length === 0) return [];
  return [...database, proofMark(wanted.name), ...user];
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
