import { dirname, join } from "node:path";
import type { BaseRequest } from "../../catalog/image-recipes.ts";
import { defaultMariadb, isMariadbVersion } from "../../catalog/mariadb-versions.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Lock } from "../../providers/image-lock.ts";
import { databaseServerName } from "../../render/database/database-name.ts";
import { canonicalJson } from "../../render/rendered.ts";
import type { Site } from "../../site/site.ts";
import { isExternal } from "../database-server/database-server-document.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { type ChosenServer, chooseServer, OWN_SERVERS } from "../up/choose-server.ts";
import { DATABASE_PROGRAMS, keepNewest } from "../up/keep-newest.ts";
import { databaseRequest, ensureLock } from "../up/prepare-images.ts";

/** Where a site's database is to go. */
export interface TargetServer {
  readonly server: ChosenServer;
  /** The site as its file will have to say it. */
  readonly site: Site;
  /** What to write into its file, so that it says so: `version: "11.8"`, `server: group`. */
  readonly fileWords: string;
}

/** The server that a person named. Errors: `database/server-unknown`, `database/server-refused`. */
export async function targetServer(record: SiteRecord, to: string, ports: Ports): Promise<TargetServer> {
  const { site, namespace } = record;
  if (site.database === null) throw new HowdahError("usage/invalid", `${site.name} has no database`);
  const { server: _former, ...database } = site.database;
  if (to.startsWith(OWN_SERVERS)) {
    const version = to.slice(OWN_SERVERS.length).replace("-", ".");
    if (!isMariadbVersion(version) || databaseServerName(version) !== to) throw unknown(to);
    const moved: Site = { ...site, database: { ...database, version } };
    return { server: { name: to, document: null }, site: moved, fileWords: `version: "${version}"` };
  }
  const moved: Site = { ...site, database: { ...database, server: to } };
  const server = await chooseServer({ site: moved, namespace, known: null }, ports);
  if (server === null || server.document === null) throw unknown(to);
  if (!isExternal(server.document))
    throw new HowdahError("database/server-refused", `${to} is of the kind ${server.document.spec.kind}, which runs on a cluster only`);
  return { server, site: moved, fileWords: `server: ${to}` };
}

function unknown(to: string): HowdahError {
  return new HowdahError("database/server-unknown", `There is no database server ${to}`, {
    hint: "Howdah's own are `mariadb-10-5`, `mariadb-10-11` and `mariadb-11-8`; `howdah db server ls` shows the others.",
  });
}

const wayRequest: BaseRequest = { kind: "nginx", modules: ["stream"] };

/** What the server, or the way to it, runs on. Pinned in the site's lock as at every `up`. */
export async function targetImages(
  { server, site }: TargetServer,
  record: SiteRecord,
  ports: Ports,
  { emit, signal }: EngineContext,
): Promise<{ readonly version: string; readonly image: string; readonly databaseWay: string | undefined }> {
  const isOutside = server.document !== null;
  const version = isOutside ? defaultMariadb : (site.database?.version ?? defaultMariadb);
  const request = databaseRequest(version);
  const lockFile = join(dirname(record.file), "howdah.lock");
  const more = [request, ...(isOutside ? [wayRequest] : [])];
  const lock = await ensureLock(record.site, lockFile, { renew: false, emit, signal, more }, ports);
  const shared = async (name: string, wanted: BaseRequest): Promise<string> => {
    const { reference } = await ports.images.ensureBase(wanted, lock, emit, signal);
    const programs = wanted.kind === "mariadb" ? { programs: DATABASE_PROGRAMS } : {};
    return await keepNewest({ name, reference, version: mainVersion(lock, wanted), ...programs }, ports, signal);
  };
  return {
    version,
    image: await shared(databaseServerName(version), request),
    databaseWay: isOutside ? await shared("database-way", wayRequest) : undefined,
  };
}

/** Debian's version of the program that an image is for. */
function mainVersion(lock: Lock, request: BaseRequest): string {
  const packages = lock.images.find((image) => canonicalJson(image.request) === canonicalJson(request))?.packages ?? [];
  return packages.find(({ name }) => name === "nginx" || name.startsWith("mariadb-server-core"))?.version ?? "0";
}
