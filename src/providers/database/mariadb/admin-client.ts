import { HowdahError } from "../../../kernel/howdah-error.ts";
import { OWN_SERVER_SECRET, SYSTEM_NAMESPACE } from "../../../kernel/own-names.ts";
import type { Secret } from "../../../kernel/secret.ts";
import type { GeneratedValue, SecretStore } from "../../secrets/secret-store.ts";
import type { ServerReference } from "../database-server.ts";
import { ADMIN_USER } from "./admin-secret.ts";
import { type ConnectServer, type SqlClient, withSqlClient } from "./sql-client.ts";

/** 43 characters of 62 are 256 bits. */
export const PASSWORD: GeneratedValue = { bytes: 43, encoding: "alphanumeric" };

/** Where the password of a server's administrator is. */
export interface AdminSource {
  readonly secrets: SecretStore;
  /** Another way to servers than their addresses. */
  readonly through?: ConnectServer | undefined;
  /** The secret of a server that Howdah does not run, with `user` and `password`; undefined for one of ours. */
  readonly administratorOf: (server: string) => Promise<string | undefined>;
}

/** Connections as a server's administrator. */
export interface AdminClient {
  /** The password of one of our own servers; made the first time. */
  password(server: Pick<ServerReference, "name" | "ownedBy">): Promise<Secret>;
  /** `statementMs`: how long a statement may take, when that is longer than usual. */
  run<T>(server: ServerReference, work: (client: SqlClient) => Promise<T>, statementMs?: number): Promise<T>;
}

/** Makes them, from what is in the secret store. Error: `database/login-refused` for an external server whose secret lacks a word. */
export function adminClient({ secrets, through, administratorOf }: AdminSource): AdminClient {
  const password = ({ name, ownedBy }: Pick<ServerReference, "name" | "ownedBy">): Promise<Secret> =>
    ownedBy === undefined
      ? secrets.getOrGenerate(SYSTEM_NAMESPACE, name, "admin-password", PASSWORD)
      : secrets.getOrGenerate(ownedBy, OWN_SERVER_SECRET, "admin-password", PASSWORD);

  async function administrator(server: ServerReference): Promise<{ readonly user: string; readonly password: Secret }> {
    const { name } = server;
    const secret = server.ownedBy === undefined ? await administratorOf(name) : undefined;
    if (secret === undefined) return { user: ADMIN_USER, password: await password(server) };
    const { user, password: kept } = (await secrets.get(SYSTEM_NAMESPACE, secret)) ?? {};
    if (user !== undefined && kept !== undefined) return { user: user.reveal(), password: kept };
    throw new HowdahError(
      "database/login-refused",
      `The secret ${SYSTEM_NAMESPACE}/${secret} of the database server ${name} lacks a user or a password`,
    );
  }

  return {
    password,
    run: async (server, work, statementMs) =>
      await withSqlClient(
        { server, ...(await administrator(server)), ...(statementMs === undefined ? {} : { statementMs }) },
        work,
        through,
      ),
  };
}
