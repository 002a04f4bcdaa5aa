import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { ServerReference } from "../../providers/database/database-server.ts";
import { DATABASE_PORT } from "../../render/database/server-options.ts";
import { isExternal } from "../database-server/database-server-document.ts";
import { knowsUsers, routersOf, writerOf } from "../database-server/routed-server.ts";
import { parseAddress } from "../database-server/server-address.ts";
import type { Ports } from "../ports.ts";
import { OWN_SERVERS } from "./choose-server.ts";

/** Who knows where servers are: the engine of its own, a cluster's documents of those outside. */
type ReferencePorts = Pick<Ports, "engine"> & Partial<Pick<Ports, "databaseServers">>;

/** Where an environment's own server is, whose name says it: `database.shop--review`; no other server's has a dot. Undefined for one that sites share. */
export function ownPlaceOf(server: string): { readonly namespace: string; readonly workload: string } | undefined {
  const dot = server.indexOf(".");
  return dot < 0 ? undefined : { workload: server.slice(0, dot), namespace: server.slice(dot + 1) };
}

/** The workload whose pod is a server, or leads to it. */
export function workloadOfServer(server: string): { readonly namespace: string; readonly workload: string } {
  return ownPlaceOf(server) ?? { namespace: SYSTEM_NAMESPACE, workload: server };
}

/**
 * A server of this engine, by name: its pod's address is looked up for each connection, since a restart may change it. On one machine the server is
 * on its sites' networks under its name; in a cluster it is a Service of another namespace. One outside of a
 * cluster has no pod there: it is asked where its writer was seen last. One of several nodes is asked through its routers, as sites do.
 */
export function serverReference(name: string, ports: ReferencePorts): ServerReference {
  const own = ownPlaceOf(name);
  if (own !== undefined) return ownReference(name, own, ports);
  return {
    name,
    ...(ports.engine.kind === "kubernetes" ? { host: `${name}.${SYSTEM_NAMESPACE}.svc` } : {}),
    ...(ports.engine.kind === "kubernetes" ? { way: async () => (await wayElsewhere(name, ports)) ?? (await locate()) } : {}),
    locate,
  };
  async function locate() {
    const elsewhere = await placeElsewhere(name, ports);
    if (elsewhere !== undefined) return elsewhere;
    const address = await ports.engine.locate(SYSTEM_NAMESPACE, name);
    return address === undefined ? undefined : { address, port: DATABASE_PORT };
  }
}

function ownReference(name: string, { namespace, workload }: NonNullable<ReturnType<typeof ownPlaceOf>>, { engine }: ReferencePorts) {
  return {
    ...{ name, host: workload, ownedBy: namespace },
    async locate() {
      const address = await engine.locate(namespace, workload);
      return address === undefined ? undefined : { address, port: DATABASE_PORT };
    },
  };
}

/** Routers that know users are not where it is administered. */
async function wayElsewhere(name: string, { databaseServers }: ReferencePorts): ReturnType<ServerReference["locate"]> {
  if (databaseServers === undefined || name.startsWith(OWN_SERVERS)) return undefined;
  const document = await databaseServers.get(name);
  return document !== undefined && knowsUsers(document) ? routersOf(name) : undefined;
}

async function placeElsewhere(
  name: string,
  { engine, databaseServers }: ReferencePorts,
): Promise<Awaited<ReturnType<ServerReference["locate"]>>> {
  if (engine.kind !== "kubernetes" || databaseServers === undefined || name.startsWith(OWN_SERVERS)) return undefined;
  const document = await databaseServers.get(name);
  if (document?.spec.kind === "galera") return knowsUsers(document) ? writerOf(document) : routersOf(name);
  if (document === undefined || !isExternal(document) || document.writer === undefined) return undefined;
  const { host, port } = parseAddress(document.writer);
  return { address: host, port };
}
