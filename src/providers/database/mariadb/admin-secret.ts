import { Secret } from "../../../kernel/secret.ts";
import { identifiedBy } from "./native-password.ts";
import { account, type Sql, sql } from "../../../kernel/sql.ts";

/** The account that Howdah uses on its servers. */
export const ADMIN_USER = "howdah";

/**
 * The two files of a server's Secret. `init.sql` is run by the server at every start, before it listens, so that the account is
 * right whatever the data directory says: a restored one, an old password. `more` is run after that. `client.cnf` is for programs in the container.
 */
export function adminFiles(password: Secret, origin: string, more: readonly Sql[] = []): Readonly<Record<string, Secret>> {
  const admin = account(ADMIN_USER);
  const statements: readonly Sql[] = [
    sql`CREATE USER IF NOT EXISTS ${admin} ${identifiedBy(password)}`,
    sql`ALTER USER ${admin} ${identifiedBy(password)} ACCOUNT UNLOCK`,
    sql`GRANT ALL PRIVILEGES ON *.* TO ${admin} WITH GRANT OPTION`,
    ...more,
  ];
  return {
    "init.sql": new Secret(statements.map(({ text }) => `${text};\n`).join(""), origin),
    "client.cnf": new Secret(`[client]\nuser=${ADMIN_USER}\npassword=${password.reveal()}\n`, origin),
  };
}
