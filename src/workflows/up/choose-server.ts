import { HowdahError } from "../../kernel/howdah-error.ts";
import { databaseServerName } from "../../render/database/database-name.ts";
import type { Site } from "../../site/site.ts";
import type { DatabaseServerDocument } from "../database-server/database-server-document.ts";
import type { Ports, SiteDatabase } from "../ports.ts";

/** Where a site's database is to be. */
export interface ChosenServer {
  readonly name: string;
  /** Null: the server that sites of its version share, which Howdah runs itself. */
  readonly document: DatabaseServerDocument | null;
}

/** Whose site it is, and where its data is already. */
export interface ServerQuestion {
  readonly site: Pick<Site, "name" | "database" | "tenant">;
  readonly namespace: string;
  readonly known: Pick<SiteDatabase, "server"> | null;
}

/** How the names of servers begin that Howdah runs for a version: no other may be named so. */
export const OWN_SERVERS = "mariadb-";

export type ChooseServerPorts = Pick<Ports, "databaseServers" | "keptDatabases">;

/**
 * The server that a site's file names; without a name the one that holds its data, for a new site the default, else the shared one of its version. Data
 * never moves for a changed word or another default. Null for a site without a database. Errors: `database/server-unknown`,
 * `database/server-refused` (its tenants), `site/database-left`.
 */
export async function chooseServer(question: ServerQuestion, ports: ChooseServerPorts): Promise<ChosenServer | null> {
  const { site, known } = question;
  if (site.database === null) {
    if (known !== null) throw left(site.name, known.server, "have no database");
    return null;
  }
  const chosen = await wanted(question, site.database, ports);
  if (known !== null && known.server !== chosen.name) throw left(site.name, known.server, `get an empty one in ${chosen.name}`);
  if (known === null && chosen.document !== null) await requireTenant(chosen.document, question, ports);
  return chosen;
}

async function wanted(question: ServerQuestion, database: NonNullable<Site["database"]>, ports: ChooseServerPorts): Promise<ChosenServer> {
  const { known } = question;
  const { databaseServers } = ports;
  const shared = { name: databaseServerName(database.version), document: null };
  if (database.server !== undefined) {
    const document = await databaseServers.get(database.server);
    if (document !== undefined) return { name: document.name, document };
    throw new HowdahError("database/server-unknown", `There is no database server ${database.server}`);
  }
  if (known !== null) {
    if (known.server.startsWith(OWN_SERVERS)) return shared;
    const document = await databaseServers.get(known.server);
    return document === undefined ? shared : { name: document.name, document };
  }
  for (const name of await keptOn(question, ports)) {
    if (name === shared.name) return shared;
    const document = await databaseServers.get(name);
    if (document !== undefined) return { name, document };
  }
  const [first, second] = (await databaseServers.list()).filter(({ spec }) => spec.default);
  if (first !== undefined && second !== undefined)
    throw new HowdahError("database/server-refused", `${first.name} and ${second.name} both are the default database server`, {
      hint: "Take `default` away from one of them, or name a server in `spec.database.server`.",
    });
  return first === undefined ? shared : { name: first.name, document: first };
}

/** On a cluster: where data is that an environment of this namespace left. A new default must not give its site an empty database instead. */
async function keptOn({ namespace }: ServerQuestion, { keptDatabases }: ChooseServerPorts): Promise<readonly string[]> {
  const kept = await keptDatabases?.get(namespace);
  if (keptDatabases === undefined || kept === undefined) return [];
  const tenant = await keptDatabases.tenantOf(namespace);
  return kept.databases.filter((one) => one.tenant === tenant).map(({ server }) => server);
}

/** On one machine a site of no tenant stands for itself. */
async function requireTenant(
  { name, spec }: DatabaseServerDocument,
  { site, namespace }: ServerQuestion,
  { keptDatabases }: ChooseServerPorts,
): Promise<void> {
  if (spec.tenants === undefined) return;
  const tenant = keptDatabases === undefined ? (site.tenant?.name ?? namespace) : await keptDatabases.tenantOf(namespace);
  if (tenant !== null && spec.tenants.includes(tenant)) return;
  const who = tenant === null ? `the namespace ${namespace}, which is no tenant's` : `the tenant ${tenant}`;
  throw new HowdahError("database/server-refused", `The database server ${name} is not for ${who}`);
}

/** An empty database in the place of a full one looks like lost data. */
function left(site: string, server: string, becomes: string): HowdahError {
  return new HowdahError(
    "site/database-left",
    `${site} has its data in ${server}, and would ${becomes}: moving a database is a step of its own`,
  );
}
