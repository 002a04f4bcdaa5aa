import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { ServerReference } from "../../providers/database/database-server.ts";
import { databaseServerName } from "../../render/database/database-name.ts";
import { DATABASE_PORT } from "../../render/database/server-options.ts";
import type { Ports } from "../ports.ts";

/**
 * A server of this engine, by name: its pod's address is looked up for each connection, since a restart may change it. On one machine the server is
 * on its sites' networks under its name; in a cluster it is a Service of another namespace.
 */
export function serverReference(name: string, ports: Pick<Ports, "engine">): ServerReference {
  return {
    name,
    ...(ports.engine.kind === "kubernetes" ? { host: `${name}.${SYSTEM_NAMESPACE}.svc` } : {}),
    async locate() {
      const address = await ports.engine.locate(SYSTEM_NAMESPACE, name);
      return address === undefined ? undefined : { address, port: DATABASE_PORT };
    },
  };
}

/** The server that sites of a version share. */
export function serverOfVersion(version: string, ports: Pick<Ports, "engine">): ServerReference {
  return serverReference(databaseServerName(version), ports);
}
