import { DATABASE_SECRET, GENERATED_SECRET } from "../../kernel/own-names.ts";
import { Secret } from "../../kernel/secret.ts";
import { databaseNameFor } from "../../providers/database/database-names.ts";
import type { TestDatabase } from "../../providers/database/mariadb/test-database.ts";
import { generateValue } from "../../providers/secrets/generate-value.ts";
import { DATABASE_PORT } from "../../render/database/server-options.ts";
import { PHP_ENVIRONMENT } from "../../render/php/entrypoint-config.ts";
import { renderVariables } from "../../render/site/render-variables.ts";
import type { Site } from "../../site/site.ts";

/** Where the throw-away server listens: the program shares its network. */
const HOST = "127.0.0.1";

/** A database of the name that the site would have in the test environment, with a password of its own; null for a site without one. */
export function testDatabase(site: Site): TestDatabase | null {
  if (site.database === null) return null;
  const { charset, collation } = site.database;
  const password = new Secret(generateValue({ bytes: 43, encoding: "alphanumeric" }), "a test");
  return { name: databaseNameFor(site.name, site.environment), charset, collation, password };
}

/** The environment of tests. */
export interface TestVariables {
  readonly environment: Readonly<Record<string, string>>;
  /** Variables whose value is a secret of the site's, which tests never get: the person gives one, or there is none. */
  readonly leftOut: readonly string[];
}

/**
 * The variables as the site maps them, with the throw-away database's facts and new generated values. `given` wins, and is the only way in for
 * what is a secret: tests must not be able to send mail or take money.
 */
export function testVariables(
  site: Site,
  facts: { readonly url: string; readonly database: TestDatabase | null; readonly given: Readonly<Record<string, string>> },
): TestVariables {
  const { database, given, url } = facts;
  const rendered = renderVariables(site, {
    images: { web: "", php: null },
    url,
    ...{ resolver: "", trustedProxies: [], secretsDigest: "", releaseId: "test", migration: "test" },
    generatedSecret: GENERATED_SECRET,
    database:
      database === null ? null : { host: HOST, port: DATABASE_PORT, name: database.name, user: database.name, secretName: DATABASE_SECRET },
  });
  const secrets = secretValues(site, database);
  const environment: Record<string, string> = { ...PHP_ENVIRONMENT };
  const leftOut: string[] = [];
  for (const variable of rendered) {
    if ("value" in variable) environment[variable.name] = variable.value;
    else {
      const { name, key } = variable.valueFrom.secretKeyRef;
      const value = secrets.get(`${name}/${key}`);
      if (value !== undefined) environment[variable.name] = value;
      else if (!Object.hasOwn(given, variable.name)) leftOut.push(variable.name);
    }
  }
  return { environment: { ...environment, ...given }, leftOut };
}

function secretValues(site: Site, database: TestDatabase | null): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const variable of site.variables) {
    if (variable.from === "generated") values.set(`${GENERATED_SECRET}/${variable.name}`, generateValue(variable));
  }
  if (database === null) return values;
  const password = database.password.reveal();
  const { name } = database;
  values.set(`${DATABASE_SECRET}/password`, password);
  values.set(`${DATABASE_SECRET}/url`, `mysql://${name}:${encodeURIComponent(password)}@${HOST}:${String(DATABASE_PORT)}/${name}`);
  return values;
}
