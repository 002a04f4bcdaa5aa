import { OWN_SERVER_SECRET } from "../../kernel/own-names.ts";
import { OWN_SERVER } from "../../render/database/render-environment-server.ts";
import type { Site } from "../../site/site.ts";
import { DATASET_DATABASE } from "../dataset/generation.ts";
import type { Ports } from "../ports.ts";
import { serverReference } from "../up/database-server.ts";
import type { PreparedDatabase } from "../up/prepare-database.ts";

/**
 * What an environment's pods and its own database server must know of each other. Nobody is asked and nothing is started: the server makes its database and
 * user itself when it starts, with the rollout, beside the pods that wait for it.
 */
export async function prepareOwnDatabase(
  site: Site,
  { image, namespace }: { readonly image: string; readonly namespace: string },
  ports: Pick<Ports, "engine" | "databases">,
): Promise<PreparedDatabase> {
  if (site.database === null) throw new TypeError("a site without a database has none to prepare");
  const { charset, collation } = site.database;
  const server = `${OWN_SERVER}.${namespace}`;
  const { files, host, port, name, user, uid, password, url } = await ports.databases.ownDatabase({
    ...{ server: { ...serverReference(server, ports), ownedBy: namespace }, name: DATASET_DATABASE, charset, collation },
  });
  const own = { image, secretDigest: await ports.engine.putSecret(namespace, OWN_SERVER_SECRET, files) };
  return { server, host, port, name, user, uid, own, secret: { password, url } };
}
