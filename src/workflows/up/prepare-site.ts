import type { GitState } from "../../providers/git/git-state.ts";
import type { SiteImages } from "../../providers/image-builder.ts";
import type { RenderInput } from "../../render/site/render-input.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { checkFormer } from "./check-former.ts";
import { checkMachineFor, checkTools } from "./check-machine.ts";
import { newestOf } from "./keep-newest.ts";
import { type PreparedDatabase, prepareDatabase } from "./prepare-database.ts";
import { type PreparedBases, prepareBases, prepareSiteImages } from "./prepare-images.ts";
import { prepareSecrets, requireSecrets } from "./prepare-secrets.ts";
import { prepareSessions } from "./prepare-sessions.ts";
import { releaseInput, releaseRecord } from "./release-input.ts";
import { sideBySide } from "./side-by-side.ts";
import type { Stage } from "./stages.ts";
import type { UpRequest } from "./up.ts";

/** Everything around a site that must be there before its objects are: nothing of it replaces what serves. */
export interface Prepared {
  readonly former: SiteRecord | undefined;
  readonly bases: PreparedBases;
  readonly images: SiteImages;
  readonly input: RenderInput;
  readonly git: GitState | null;
  /** The site's record as it will be. */
  readonly wanted: SiteRecord;
}

/**
 * Prepares a site. The first time one thing after another, so that the first problem is the one that is named. A site that serves
 * has it all already: then everything is looked at side by side.
 */
export async function prepareSite(
  request: UpRequest,
  serves: boolean,
  stage: Stage,
  ports: Ports,
  context: EngineContext,
): Promise<Prepared> {
  const { site } = request;
  const former = await checkFormer(site, request.file, { adopt: request.adopt }, ports);
  const machine = (): Promise<void> =>
    stage("machine", "Checking the machine", async () => {
      await requireSecrets(site, site.name, ports);
      await checkMachineFor(site, serves, ports);
    });
  const network = () => stage("network", "Network", () => ports.engine.prepare(site.name, context));
  const images = (bases: PreparedBases) =>
    stage(
      "images",
      "Images",
      () => prepareSiteImages(site, request.source, bases, ports, context),
      (made) => `code ${made.codeDigest.replace("sha256:", "").slice(0, 12)} · ${String(made.files)} files`,
    );
  const database = (bases: PreparedBases): Promise<PreparedDatabase | null> =>
    site.database === null
      ? Promise.resolve(null)
      : stage(
          "database",
          `Database (MariaDB ${site.database.version})`,
          () => prepareDatabase(site, { ...bases, namespace: site.name }, ports, context),
          (made) => made.name,
        );
  const { httpPort, httpsPort, bind } = ports.settings;
  const edge = (bases: PreparedBases): Promise<void> =>
    stage("edge", "Edge", async () => {
      const image = await newestOf({ name: "edge", reference: bases.edge }, ports);
      await ports.edge.ensure({ image, httpPort, httpsPort, bind }, context);
    });
  const bases = (): Promise<PreparedBases> => stage("bases", "Base images", () => prepareBases(site, request.lockFile, ports, context));
  const git = ports.git(request.source);
  if (serves) {
    const prepared = sideBySide(
      machine(),
      network(),
      bases().then(async (found) => [found, await sideBySide(images(found), database(found), edge(found))] as const),
    );
    const [, facts, [base, [made, access]]] = await prepared.catch(async (error: unknown) => {
      if (!context.signal.aborted) await checkTools(ports);
      throw error;
    });
    return assemble(request, { former, bases: base, images: made, git: await git, facts, database: access }, ports);
  }
  const found = await inTurn({ machine, bases, images, edge, network, database });
  return assemble(request, { former, git: await git, ...found }, ports);
}

/** The stages of a site's preparation. */
interface Stages<Bases, Images, Facts, Database> {
  readonly machine: () => Promise<void>;
  readonly bases: () => Promise<Bases>;
  readonly images: (bases: Bases) => Promise<Images>;
  readonly edge: (bases: Bases) => Promise<void>;
  readonly network: () => Promise<Facts>;
  readonly database: (bases: Bases) => Promise<Database>;
}

/**
 * A first time: the way in comes before anything of the site itself. Its port may have been taken while images were built, and a site that was never there
 * has no record by which a person could take its network away.
 */
export async function inTurn<Bases, Images, Facts, Database>(stage: Stages<Bases, Images, Facts, Database>) {
  await stage.machine();
  const bases = await stage.bases();
  const images = await stage.images(bases);
  await stage.edge(bases);
  const facts = await stage.network();
  return { bases, images, facts, database: await stage.database(bases) };
}

/** Facts from builders, providers and the engine, put together for rendering and for the site's record. */
export async function assemble(
  request: UpRequest,
  known: Omit<Prepared, "input" | "wanted"> & {
    readonly facts: { readonly resolver: string; readonly trustedProxies: readonly string[] };
    readonly database: PreparedDatabase | null;
  },
  ports: Ports,
): Promise<Prepared> {
  const { site, file } = request;
  const { bases, former, images, git, facts, database } = known;
  const secretsDigest = await prepareSecrets(site, site.name, database?.secret ?? null, ports);
  const sessions = await prepareSessions(site.name, bases.sessions, ports);
  const release = {
    ...{ site, namespace: site.name, facts, database, secretsDigest, sessions },
    images: { web: images.web.reference, php: images.php?.reference ?? null },
    ...{ codeDigest: images.codeDigest, watched: images.watched },
  };
  const input = releaseInput(release, ports);
  const wanted = releaseRecord(release, input, { file, former, credentialsShown: former?.credentialsShown ?? false }, ports);
  return { former, bases, images, git, input, wanted };
}
