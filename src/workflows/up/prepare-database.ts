import { HowdahError } from "../../kernel/howdah-error.ts";
import { SYSTEM_NAMESPACE } from "../../kernel/own-names.ts";
import type { Secret } from "../../kernel/secret.ts";
import type { DatabaseAccess } from "../../providers/database/database-server.ts";
import { databaseServerName } from "../../render/database/database-name.ts";
import { renderDatabaseAccess } from "../../render/database/render-database-access.ts";
import { renderDatabaseServer } from "../../render/database/render-database-server.ts";
import type { Rendered } from "../../render/objects.ts";
import { rendered } from "../../render/rendered.ts";
import type { Site } from "../../site/site.ts";
import { isExternal } from "../database-server/database-server-document.ts";
import { type ExternalPlace, ensureExternal, externalOnCluster } from "../database-server/ensure-external.ts";
import { prepareOwnDatabase } from "../environment/prepare-own-database.ts";
import type { EngineContext, Ports, SiteDatabase } from "../ports.ts";
import { ensureRouted } from "../database-server/ensure-routed.ts";
import { type ChosenServer, chooseServer } from "./choose-server.ts";
import { serverReference } from "./database-server.ts";
import { ensureServer } from "./ensure-server.ts";
import { newestOf } from "./keep-newest.ts";
import type { PreparedBases } from "./prepare-images.ts";

/** How a site reaches its database, with the Secret for its pods. */
export interface PreparedDatabase extends SiteDatabase {
  readonly secret: { readonly password: Secret; readonly url: Secret };
  /** Of an environment: what its own server runs on. */
  readonly own?: { readonly image: string; readonly secretDigest: string };
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
  if (wanted === null) throw new TypeError("a site without a database has none to prepare");
  if (site.preview !== undefined) {
    if (image === null) throw new TypeError(`there is no image for ${namespace}'s database`);
    return await prepareOwnDatabase(site, { image, namespace }, ports);
  }
  const known = (await ports.records.get(namespace))?.database ?? (await ports.retained.get(namespace))?.record.database ?? null;
  const chosen = await chooseServer({ site, namespace, known }, ports);
  const server = chosen ?? { name: databaseServerName(wanted.version), document: null };
  const place = await openServer({ server, version: wanted.version, image, databaseWay, namespace }, ports, context);
  const access = await ensureOwn(server.name, { site, namespace }, ports);
  const { password, url } = access;
  return { ...placeOf(server.name, access, place), secret: { password, url } };
}

/** A server that a site is to get to, and the images for that. */
export interface OpenedServer {
  readonly server: ChosenServer;
  /** Of the server, when Howdah runs it. */
  readonly version: string;
  /** Null: nothing of Howdah's is to run for it, as for one outside of a cluster. */
  readonly image: string | null;
  readonly databaseWay: string | undefined;
  readonly namespace: string;
}

/** Makes sure that a server runs, or can be reached, and that a site gets there. Answers what a record has of an external one. */
export async function openServer(
  { server: { name, document }, version, image, databaseWay, namespace }: OpenedServer,
  ports: Ports,
  context: EngineContext,
): Promise<ExternalPlace | undefined> {
  if (document?.spec.kind === "galera" && ports.engine.kind === "kubernetes")
    return await ensureRouted({ document, namespace }, ports, context);
  if (document !== null && !isExternal(document))
    throw new HowdahError(
      "database/server-refused",
      `${name} is a server of kind ${document.spec.kind}, which takes no sites in this version`,
    );
  if (document !== null && ports.engine.kind === "kubernetes") return externalOnCluster(document);
  if (image === null) throw new TypeError(`there is no image for ${name}`);
  if (document !== null) return await ensureExternal({ document, namespace, clientImage: image, image: databaseWay }, ports, context);
  await ensureServer({ name, namespace, desired: () => sharedServer(version, image, namespace, ports) }, ports, context);
  return undefined;
}

/** The site's own database and user on a server, as they should be. */
export async function ensureOwn(
  server: string,
  { site, namespace }: { readonly site: Site; readonly namespace: string },
  ports: Pick<Ports, "engine" | "databases" | "databaseServers">,
): Promise<DatabaseAccess> {
  if (site.database === null) throw new TypeError("a site without a database has none to prepare");
  const { charset, collation, limits } = site.database;
  const { environment } = site;
  return await ports.databases.ensureDatabase({
    ...{ server: serverReference(server, ports), site: namespace, environment, namespace, charset, collation, limits },
  });
}

/** What a record has of a database. */
export function placeOf(server: string, { host, port, name, user, uid }: DatabaseAccess, place: ExternalPlace | undefined): SiteDatabase {
  return { server, host, port, name, user, uid, ...place };
}

/** The server that sites of a version share as it should be, and this site's way to it. */
async function sharedServer(version: string, image: string, namespace: string, ports: Ports): Promise<readonly Rendered[]> {
  const name = databaseServerName(version);
  const isOneMachine = ports.engine.kind !== "kubernetes";
  const newest = isOneMachine ? await newestOf({ name, reference: image }, ports) : image;
  const secretDigest = await ports.engine.putSecret(SYSTEM_NAMESPACE, name, await ports.databases.adminSecret(name));
  return [
    ...renderDatabaseServer({ version, image: newest, memoryBytes: SERVER_MEMORY_BYTES, secretDigest, binlog: isOneMachine }),
    renderDatabaseAccess(version, namespace),
  ].map((object) => rendered(object));
}
