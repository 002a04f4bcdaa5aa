import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { Secret } from "../../kernel/secret.ts";
import { databaseServerName } from "../../render/database/database-name.ts";
import { renderDatabaseAccess } from "../../render/database/render-database-access.ts";
import { renderDatabaseServer } from "../../render/database/render-database-server.ts";
import type { Rendered } from "../../render/objects.ts";
import { rendered } from "../../render/rendered.ts";
import type { Site } from "../../site/site.ts";
import { isExternal } from "../database-server/database-server-document.ts";
import { type ExternalPlace, ensureExternal } from "../database-server/ensure-external.ts";
import type { EngineContext, Ports, SiteDatabase } from "../ports.ts";
import { chooseServer } from "./choose-server.ts";
import { serverReference } from "./database-server.ts";
import { ensureServer } from "./ensure-server.ts";
import type { PreparedBases } from "./prepare-images.ts";

/** How a site reaches its database, with the Secret for its pods. */
export interface PreparedDatabase extends SiteDatabase {
  readonly secret: { readonly password: Secret; readonly url: Secret };
}

/** One server for all sites of a version, on a machine whose size is not known yet: sizing by measurement comes later. */
const SERVER_MEMORY_BYTES = 1024 ** 3;

/** Whose database it is, and what its server runs on. */
export interface DatabasePlace extends Pick<PreparedBases, "database" | "databaseWay"> {
  /** The site's own; its name is the database's, since a cluster may have several sites of one name. */
  readonly namespace: string;
}

/** Makes sure that the site's server runs, that the site may reach it, and that the site has its own database and user there. */
export async function prepareDatabase(
  site: Site,
  { database: image, databaseWay, namespace }: DatabasePlace,
  ports: Ports,
  context: EngineContext,
): Promise<PreparedDatabase> {
  const wanted = site.database;
  if (wanted === null || image === null) throw new TypeError("a site without a database has none to prepare");
  const known = (await ports.records.get(namespace))?.database ?? (await ports.retained.get(namespace))?.record.database ?? null;
  const chosen = await chooseServer({ site, namespace, known }, ports);
  const document = chosen?.document ?? null;
  const name = chosen?.name ?? databaseServerName(wanted.version);
  const place: ExternalPlace | undefined =
    document !== null && isExternal(document)
      ? await ensureExternal({ document, namespace, clientImage: image, image: databaseWay }, ports, context)
      : undefined;
  if (place === undefined)
    await ensureServer({ name, namespace, desired: () => sharedServer(wanted.version, image, namespace, ports) }, ports, context);
  const access = await ports.databases.ensureDatabase({
    server: serverReference(name, ports),
    site: namespace,
    environment: site.environment,
    namespace,
    charset: wanted.charset,
    collation: wanted.collation,
    limits: wanted.limits,
  });
  const { host, port, user, uid, password, url } = access;
  return { server: name, host, port, name: access.name, user, uid, ...place, secret: { password, url } };
}

/** The server that sites of a version share as it should be, and this site's way to it. */
async function sharedServer(version: string, image: string, namespace: string, ports: Ports): Promise<readonly Rendered[]> {
  const name = databaseServerName(version);
  const secretDigest = await ports.engine.putSecret(SYSTEM_NAMESPACE, name, await ports.databases.adminSecret(name));
  return [
    ...renderDatabaseServer({ version, image, memoryBytes: SERVER_MEMORY_BYTES, secretDigest }),
    renderDatabaseAccess(version, namespace),
  ].map((object) => rendered(object));
}
