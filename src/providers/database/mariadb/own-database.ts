import { DATABASE_SECRET, OWN_SERVER_SECRET } from "../../../kernel/own-names.ts";
import { Secret } from "../../../kernel/secret.ts";
import type { SecretStore } from "../../secrets/secret-store.ts";
import type { OwnDatabase, OwnDatabaseRequest, ServerReference } from "../database-server.ts";
import { PASSWORD } from "./admin-client.ts";
import { adminFiles } from "./admin-secret.ts";
import { identifiedBy } from "./native-password.ts";
import { account, grantPattern, identifier, type Sql, sql, text, word } from "../../../kernel/sql.ts";

const PORT = 3306;

/** Where the secrets are, and the administrator's. */
interface OwnDatabaseSource {
  readonly secrets: Pick<SecretStore, "getOrGenerate">;
  readonly administrator: (server: Pick<ServerReference, "name" | "ownedBy">) => Promise<Secret>;
}

/** The database and user of an environment's own server, with the statements that make them at every start of it; see the port. */
export async function ownDatabase(request: OwnDatabaseRequest, { secrets, administrator }: OwnDatabaseSource): Promise<OwnDatabase> {
  const { server, name } = request;
  const [password, uid, admin] = await Promise.all([
    secrets.getOrGenerate(server.ownedBy, DATABASE_SECRET, "password", PASSWORD),
    secrets.getOrGenerate(server.ownedBy, DATABASE_SECRET, "uid", { bytes: 16, encoding: "hex" }),
    administrator(server),
  ]);
  const host = server.host ?? server.name;
  const url = `mysql://${name}:${encodeURIComponent(password.reveal())}@${host}:${PORT}/${name}`;
  return {
    ...{ host, port: PORT, name, user: name, password, uid: uid.reveal(), changed: false },
    url: new Secret(url, `${server.ownedBy}/${DATABASE_SECRET}`),
    files: adminFiles(admin, `${server.ownedBy}/${OWN_SERVER_SECRET}`, statements(request, password)),
  };
}

/** Idempotent, each on a line of its own: that is how a server reads its init file. A database that was copied keeps its traits. */
function statements({ name, charset, collation }: OwnDatabaseRequest, password: Secret): readonly Sql[] {
  const user = account(name);
  const traits = sql`CHARACTER SET ${word(charset)} COLLATE ${word(collation)}`;
  return [
    sql`CREATE DATABASE IF NOT EXISTS ${identifier(name)} ${traits}`,
    sql`CREATE USER IF NOT EXISTS ${user} ${identifiedBy(password)}`,
    sql`ALTER USER ${user} ${identifiedBy(password)} ACCOUNT UNLOCK`,
    sql`GRANT ALL PRIVILEGES ON ${grantPattern(name)}.* TO ${user}`,
    // Views of a dataset run as a locked account of the same name, and a server takes everybody for that one who comes through its socket.
    sql`ALTER USER IF EXISTS ${text(name)}@'localhost' ${identifiedBy(password)} ACCOUNT UNLOCK`,
  ];
}
