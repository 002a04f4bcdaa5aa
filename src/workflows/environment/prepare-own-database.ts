import { OWN_SERVER_SECRET } from "../../kernel/own-names.ts";
import type { OwnDatabase } from "../../providers/database/database-server.ts";
import { OWN_SERVER } from "../../render/database/render-environment-server.ts";
import type { Site } from "../../site/site.ts";
import { DATASET_DATABASE } from "../dataset/generation.ts";
import type { Ports } from "../ports.ts";
import { serverReference } from "../up/database-server.ts";
import type { PreparedDatabase } from "../up/prepare-database.ts";

/** The database of an environment's own server, as its pods reach it. */
export async function ownDatabaseOf(
  { database }: Pick<Site, "database">,
  namespace: string,
  ports: Pick<Ports, "engine" | "databases">,
): Promise<OwnDatabase> {
  if (database === null) throw new TypeError("a site without a database has none to prepare");
  const server = { ...serverReference(`${OWN_SERVER}.${namespace}`, ports), ownedBy: namespace };
  return await ports.databases.ownDatabase({ server, name: DATASET_DATABASE, charset: database.charset, collation: database.collation });
}

/**
 * What an environment's pods and its own database server must know of each other. Nobody is asked and nothing is started: the server makes its database and
 * user itself when it starts, with the rollout, beside the pods that wait for it.
 */
export async function prepareOwnDatabase(
  site: Site,
  { image, namespace }: { readonly image: string; readonly namespace: string },
  ports: Pick<Ports, "engine" | "databases">,
): Promise<PreparedDatabase> {
  const { files, host, port, name, user, uid, password, url } = await ownDatabaseOf(site, namespace, ports);
  const own = { image, secretDigest: await ports.engine.putSecret(namespace, OWN_SERVER_SECRET, files) };
  return { server: `${OWN_SERVER}.${namespace}`, host, port, name, user, uid, own, secret: { password, url } };
}
