import { builderRequests, phpBuilder } from "../../catalog/builder-requests.ts";
import { type BaseRequest, normalRequest } from "../../catalog/image-recipes.ts";
import { defaultMariadb, isMariadbVersion } from "../../catalog/mariadb-versions.ts";
import { isNodeVersion, type NodeVersion } from "../../catalog/node-versions.ts";
import type { Emit } from "../../kernel/event.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { BuiltImage, SiteImageRequest, SiteImages } from "../../providers/image-builder.ts";
import { type Lock, parseLock, printLock } from "../../providers/image-lock.ts";
import { databaseServerName } from "../../render/database/database-name.ts";
import { servedFiles } from "../../render/nginx/served-files.ts";
import { SESSION_EXTENSION, wantsSessionServer } from "../../render/php/sessions.ts";
import { canonicalJson } from "../../render/rendered.ts";
import type { Site } from "../../site/site.ts";
import { FOLLOW_INTO } from "../follow-into.ts";
import type { Ports } from "../ports.ts";
import { systemRootOf } from "../read-tree/read-tree.ts";
import { chooseServer } from "./choose-server.ts";
import { DATABASE_PROGRAMS, keepNewest } from "./keep-newest.ts";

/** What a site's images are made from, and what all sites share, as references. */
export interface PreparedBases {
  readonly lock: Lock;
  readonly web: string;
  readonly php: string | null;
  readonly edge: string;
  readonly database: string | null;
  /** What leads to a database server outside of Howdah; left out where the site's is none. */
  readonly databaseWay?: string | undefined;
  /** Null for a site without a server of its own for sessions. */
  readonly sessions: string | null;
}

/** The images that a site runs on. */
export interface PreparedImages extends PreparedBases {
  readonly site: SiteImages;
}

/** The edge needs nothing but nginx itself; every site shares it. */
const edgeRequest: BaseRequest = { kind: "nginx", modules: [] };

function hookCommands(site: Site): readonly (readonly string[])[] {
  return site.hooks.build.flatMap((step) => ("argv" in step ? [step.argv] : []));
}

function phpRequest(site: Site): BaseRequest | null {
  if (site.runtime === null || site.runtime.image !== null) return null;
  const { php, extensions, flavour, packages } = site.runtime;
  const asksServer = wantsSessionServer(site) ? [SESSION_EXTENSION] : [];
  return { kind: "php", version: php, extensions: [...extensions, ...asksServer], flavour, packages };
}

/** The server of a site's sessions; all sites that have one share its image. */
const sessionsRequest: BaseRequest = { kind: "valkey" };

/** What passes connections on to a database server outside. No site file asks for it: which server is meant is the machine's to say. */
const wayRequest: BaseRequest = { kind: "nginx", modules: ["stream"] };

/** Every base image that the site needs, builders included: what its lock pins. */
export function baseRequests(site: Site): readonly BaseRequest[] {
  const php = phpRequest(site);
  return [
    { kind: "nginx", modules: site.web.modules },
    edgeRequest,
    ...(php === null ? [] : [php]),
    ...(site.database === null ? [] : [databaseRequest(site.database.version)]),
    ...(wantsSessionServer(site) ? [sessionsRequest] : []),
    ...builderRequests(hookCommands(site), builderRuntime(site), nodeOf(site)),
  ];
}

/** The image of a server of a version. */
export function databaseRequest(version: string): BaseRequest {
  if (!isMariadbVersion(version)) throw new TypeError(`the rules let MariaDB ${version} through`);
  return { kind: "mariadb", version };
}

/** Node of a site's build hooks. */
export function nodeOf({ builder }: Pick<Site, "builder">): NodeVersion {
  if (!isNodeVersion(builder.node)) throw new TypeError(`the rules let Node ${builder.node} through`);
  return builder.node;
}

function builderRuntime(site: Site): Parameters<typeof phpBuilder>[0] {
  return site.runtime === null ? null : { version: site.runtime.php, extensions: site.runtime.extensions, packages: site.runtime.packages };
}

function foreignImages(site: Site): readonly string[] {
  return site.runtime === null || site.runtime.image === null ? [] : [site.runtime.image];
}

/** The lock beside the site file: what is pinned stays, what is new is added and written at once, so that the next build is the same. */
export async function ensureLock(
  site: Site,
  lockFile: string,
  options: { readonly renew: boolean; readonly emit: Emit; readonly signal: AbortSignal; readonly more?: readonly BaseRequest[] },
  ports: Ports,
): Promise<Lock> {
  const { text, lock: current } = await readLock(lockFile, ports);
  const lock = await ports.images.lock(
    {
      images: [...baseRequests(site), ...(options.more ?? [])],
      foreign: foreignImages(site),
      renew: options.renew,
      ...(current === undefined ? {} : { current }),
    },
    options.emit,
    options.signal,
  );
  const printed = printLock(lock);
  if (printed !== text) await ports.files.write(lockFile, printed);
  return lock;
}

/** A lock file as it is; nothing when there is none. Error: `site/unreadable` for a damaged one. */
export async function readLock(lockFile: string, ports: Pick<Ports, "files">): Promise<{ readonly text?: string; readonly lock?: Lock }> {
  const text = await ports.files.read(lockFile);
  if (text === undefined) return {};
  const { lock, diagnostics } = parseLock(text);
  if (lock !== undefined) return { text, lock };
  throw new HowdahError("site/unreadable", `${lockFile} is damaged`, {
    diagnostics,
    hint: "Restore it from version control, or delete it and run `howdah pin` to make a new one.",
  });
}

/** Builds what is missing, base images side by side, then the site's own. A server that the file names need not be one of this machine: a cluster's may be meant. */
export async function prepareImages(
  site: Site,
  source: string,
  lockFile: string,
  ports: Ports,
  context: { readonly emit: Emit; readonly signal: AbortSignal },
): Promise<PreparedImages> {
  const bases = await prepareBases(site, lockFile, ports, { ...context, isForAnywhere: true });
  return { ...bases, site: await prepareSiteImages(site, source, bases, ports, context) };
}

/** The images that a site's own are made from, and those that all sites share, built when they are missing. */
export async function prepareBases(
  site: Site,
  lockFile: string,
  ports: Ports,
  context: { readonly emit: Emit; readonly signal: AbortSignal; readonly isForAnywhere?: true },
): Promise<PreparedBases> {
  const { emit, signal, isForAnywhere = false } = context;
  const uses = usesExternalServer(site, ports);
  const way = (await (isForAnywhere ? uses.catch(notHere) : uses)) ? wayRequest : undefined;
  // Programs for a server outside are of one version for all sites: each site's own would take the pod that has them to and fro.
  const ofServer = way === undefined ? site.database?.version : defaultMariadb;
  // A server with a name that is not here is a cluster's own (Galera, or outside of it): what runs there is not a site's to bring, but for the programs by
  // which the site's own pods dump the database before a migration.
  const isElsewhere = isForAnywhere && way === undefined && site.database?.server !== undefined && !dumpsBeforeMigrations(site);
  const programs = isElsewhere ? null : (ofServer ?? null);
  const lock = await ensureLock(
    site,
    lockFile,
    { renew: false, emit, signal, more: way === undefined ? [] : [way, databaseRequest(defaultMariadb)] },
    ports,
  );
  const base = (request: BaseRequest): Promise<BuiltImage> => ports.images.ensureBase(request, lock, emit, signal);
  const php = phpRequest(site);
  const foreign = site.runtime?.image ?? null;
  const [edge, web, phpBase, server, sessions, passage] = await Promise.all([
    base(edgeRequest),
    base({ kind: "nginx", modules: site.web.modules }),
    php !== null ? base(php) : foreign === null ? null : ports.images.ensureForeign(foreign, lock, emit, signal),
    programs === null ? null : base(databaseRequest(programs)),
    wantsSessionServer(site) ? base(sessionsRequest) : null,
    way === undefined ? undefined : base(way),
  ]);
  const shared = (name: string, request: BaseRequest, built: BuiltImage): Promise<string> => {
    const version = mainVersion(lock, request);
    const programs = request.kind === "mariadb" ? { programs: DATABASE_PROGRAMS } : {};
    return keepNewest({ name, reference: built.reference, version, ...programs }, ports, signal);
  };
  return {
    lock,
    web: web.reference,
    php: phpBase?.reference ?? null,
    edge: await shared("edge", edgeRequest, edge),
    database: programs === null || server === null ? null : await shared(databaseServerName(programs), databaseRequest(programs), server),
    sessions: sessions?.reference ?? null,
    databaseWay: way === undefined || passage === undefined ? undefined : await shared("database-way", way, passage),
  };
}

function dumpsBeforeMigrations({ hooks, migration }: Site): boolean {
  return hooks.migrate.length > 0 && migration.dump;
}

/** Whether the site's database is, or will be, on a server that Howdah does not run. What is wrong with the choice is said where the database is prepared. */
async function usesExternalServer(site: Site, ports: Ports): Promise<boolean> {
  if (site.preview !== undefined) return false;
  const known = (await ports.records.get(site.name))?.database ?? (await ports.retained.get(site.name))?.record.database ?? null;
  const chosen = await chooseServer({ site, namespace: site.name, known }, ports);
  return chosen?.document?.spec.kind === "external";
}

/** Where the site's database is to be is not this machine's business then. */
function notHere(error: unknown): false {
  if (error instanceof HowdahError && /^(database\/server-|site\/database-left)/.test(error.code)) return false;
  throw error;
}

/**
 * What a site's images are called. Environments have those of their site: what is in them is the code alone, so that the images that were reviewed are those that
 * production runs. Tenants share those of one code: what is a client's own is in none of them. No site can be called like theirs, so
 * none that is nobody's prunes them.
 */
export function imageNameOf({ name, tenant, preview }: Pick<Site, "name" | "tenant" | "preview">): string {
  if (preview !== undefined) return preview.of;
  return tenant === undefined ? name : `${tenant.site}.tenants`;
}

/** What a site's code is and how its images hold it. `source` is absolute. */
export function siteImageRequest(site: Site, source: string, bases: Pick<PreparedBases, "web" | "php">): SiteImageRequest {
  return {
    site: imageNameOf(site),
    ...(site.preview === undefined ? {} : { hookCache: site.name }),
    web: bases.web,
    php: bases.php,
    source,
    served: servedFiles(site),
    followInto: FOLLOW_INTO,
    systemRoot: systemRootOf(source),
    ignore: [],
    configuration: site.configuration,
    hooks: hookCommands(site),
    builder: phpBuilder(builderRuntime(site)),
    node: nodeOf(site),
    environment: {
      HOWDAH_SITE: site.preview?.of ?? site.tenant?.site ?? site.name,
      HOWDAH_ENVIRONMENT: site.preview === undefined ? site.environment : "production",
    },
    seeds: site.mounts.filter((mount) => mount.seed).map((mount) => mount.path),
    writable: site.code === "writable",
    watch: site.migration.watch,
  };
}

/** The site's own images: its code on its bases. */
export async function prepareSiteImages(
  site: Site,
  source: string,
  bases: PreparedBases,
  ports: Ports,
  context: { readonly emit: Emit; readonly signal: AbortSignal },
): Promise<SiteImages> {
  const { emit, signal } = context;
  const images = await ports.images.ensureSite(siteImageRequest(site, source, bases), bases.lock, emit, signal);
  for (const link of images.skippedLinks) {
    emit({
      type: "notice",
      level: "warning",
      message: `${link.path} points to ${link.target}, which is ${link.why === "outside" ? "outside of the site" : link.why}: it is not in the image`,
    });
  }
  return images;
}

/** Debian's version of the program that an image is for. */
function mainVersion(lock: Lock, request: BaseRequest): string {
  const packages = lock.images.find((image) => canonicalJson(image.request) === canonicalJson(normalRequest(request)))?.packages ?? [];
  const main = packages.find(({ name }) => name === "nginx" || name.startsWith("mariadb-server-core"));
  return main?.version ?? "0";
}
