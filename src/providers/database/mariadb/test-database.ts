import { Secret } from "../../../kernel/secret.ts";
import { adminFiles } from "./admin-secret.ts";
import { identifiedBy } from "./native-password.ts";
import { account, grantPattern, grantPatternBelow, identifier, type Sql, sql, word } from "../../../kernel/sql.ts";

/** A database that is made with its server and goes with it. */
export interface TestDatabase {
  /** Of the database and its user. */
  readonly name: string;
  readonly charset: string;
  readonly collation: string;
  readonly password: Secret;
}

/**
 * The two files of a throw-away server's secret: it makes the database and the user itself, before it listens. The user has the database, as on a
 * real server, and those whose names begin with its name and `_`, as runners that test in parallel make one for each process.
 */
export function testDatabaseFiles(database: TestDatabase, adminPassword: Secret): Readonly<Record<string, Secret>> {
  const { name, charset, collation, password } = database;
  const user = account(name);
  const statements: readonly Sql[] = [
    sql`CREATE DATABASE IF NOT EXISTS ${identifier(name)} CHARACTER SET ${word(charset)} COLLATE ${word(collation)}`,
    sql`CREATE USER IF NOT EXISTS ${user} ${identifiedBy(password)}`,
    sql`GRANT ALL PRIVILEGES ON ${grantPattern(name)}.* TO ${user}`,
    sql`GRANT ALL PRIVILEGES ON ${grantPatternBelow(name)}.* TO ${user}`,
  ];
  const { "init.sql": init, "client.cnf": client } = adminFiles(adminPassword, "a test");
  const own = statements.map(({ text }) => `${text};\n`).join("");
  return { "init.sql": new Secret(`${init?.reveal() ?? ""}${own}`, "a test"), "client.cnf": client ?? new Secret("", "a test") };
}
