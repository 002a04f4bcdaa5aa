import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Ports } from "../ports.ts";
import { ownPlaceOf } from "../up/database-server.ts";

/** A server of this machine with the sites whose databases are on it. */
export interface DrilledServer {
  readonly name: string;
  readonly sites: readonly string[];
}

/**
 * The server that a person means: by its name, or the only one that sites of this machine have. Only servers that Howdah runs here can be drilled.
 * Error: `database/server-unknown`, with the names that there are.
 */
export async function chooseServer(given: string | undefined, ports: Pick<Ports, "records" | "databaseServers">): Promise<DrilledServer> {
  const external = new Set((await ports.databaseServers.list()).filter(({ spec }) => spec.kind === "external").map(({ name }) => name));
  const used = new Map<string, string[]>();
  for (const { namespace, database } of await ports.records.list()) {
    if (database === null || external.has(database.server) || ownPlaceOf(database.server) !== undefined) continue;
    used.set(database.server, [...(used.get(database.server) ?? []), namespace]);
  }
  const [only] = used.keys();
  const name = given ?? (used.size === 1 ? only : undefined);
  const sites = name === undefined ? undefined : used.get(name);
  if (name !== undefined && sites !== undefined) return { name, sites };
  const names = [...used.keys()].sort().join(", ");
  const message =
    given === undefined ? "Name the server to drill" : `Howdah runs no database server ${JSON.stringify(given)} for a site of this machine`;
  throw new HowdahError("database/server-unknown", message, {
    hint: names === "" ? "No site of this machine has a database on a server that Howdah runs." : `Servers here: ${names}.`,
  });
}
