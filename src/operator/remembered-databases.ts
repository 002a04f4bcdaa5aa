import type { Clock } from "../kernel/clock.ts";
import type { Ports } from "../workflows/ports.ts";
import { needServer } from "./known-api.ts";

type DatabaseServer = Ports["databases"];
type DatabaseRequest = Parameters<DatabaseServer["ensureDatabase"]>[0];
type DatabaseAccess = Awaited<ReturnType<DatabaseServer["ensureDatabase"]>>;

/** So long a database that was found in place counts as being so: as long as other things that nobody watches. Milliseconds. */
const BELIEVED_MS = 900_000;

/** Database servers for the two kinds of looks of an operator. */
export interface RememberedDatabases {
  /** For looks with the server: what was found is remembered. */
  readonly remembering: (server: DatabaseServer) => DatabaseServer;
  /** For looks at what is known: what is not remembered needs the server. Asks no database anything. */
  readonly remembered: (server: DatabaseServer) => DatabaseServer;
}

/** A look at a site with a database would otherwise ask the database each time something of the site changes, a pod's state included. */
export function rememberedDatabases(clock: Pick<Clock, "now">): RememberedDatabases {
  const ready = new Map<string, number>();
  const ensured = new Map<string, { readonly access: DatabaseAccess; readonly at: number }>();
  const isFresh = (at: number | undefined): boolean => at !== undefined && clock.now() - at < BELIEVED_MS;
  return {
    remembering: (server) => ({
      ...server,
      waitReady: async (reference, options) => {
        ready.delete(reference.name);
        await server.waitReady(reference, options);
        ready.set(reference.name, clock.now());
      },
      ensureDatabase: async (request) => {
        ensured.delete(keyOf(request));
        const access = await server.ensureDatabase(request);
        ensured.set(keyOf(request), { access: { ...access, changed: false }, at: clock.now() });
        return access;
      },
    }),
    remembered: (server) => ({
      adminSecret: (name) => server.adminSecret(name),
      ownDatabase: (request) => server.ownDatabase(request),
      waitReady: async ({ name }) => {
        if (!isFresh(ready.get(name))) needServer(`wait for ${name}`);
      },
      ensureDatabase: async (request) => {
        const found = ensured.get(keyOf(request));
        return found !== undefined && isFresh(found.at) ? found.access : needServer(`ensure the database of ${request.namespace}`);
      },
      findDatabase: refuse,
      dropDatabase: refuse,
      emptyDatabase: refuse,
      suspendUser: refuse,
      blockWrites: refuse,
      allowWrites: refuse,
      routerUsers: refuse,
      blockedDatabases: refuse,
      usage: refuse,
      databaseExists: refuse,
      tableCount: refuse,
      ledger: refuse,
      brokenViews: refuse,
      sizeBytes: refuse,
    }),
  };
}

const refuse = async (): Promise<never> => needServer("ask a database");

function keyOf({ server, site, environment, namespace, charset, collation, limits }: DatabaseRequest): string {
  return JSON.stringify([server.name, server.host, site, environment, namespace, charset, collation, limits]);
}
