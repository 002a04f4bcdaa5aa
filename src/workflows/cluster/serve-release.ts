import { applyPlan } from "../../apply/apply-plan.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import type { Step } from "../../plan/step.ts";
import type { Rendered } from "../../render/objects.ts";
import { wantsSessionServer } from "../../render/php/sessions.ts";
import { canonicalJson } from "../../render/rendered.ts";
import type { RenderInput } from "../../render/site/render-input.ts";
import { databaseServerName } from "../../render/database/database-name.ts";
import { renderSite } from "../../render/site/render-site.ts";
import type { Site } from "../../site/site.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import type { Release } from "../release/release.ts";
import { noteOutcome, releasesOf, servingOf } from "../release/release-store.ts";
import { openJournal } from "../rollout/journal.ts";
import { recoverRollout } from "../rollout/recover-rollout.ts";
import { rollOut } from "../rollout/rollout.ts";
import { configDigest } from "../up/draft-release.ts";
import { chooseServer } from "../up/choose-server.ts";
import { prepareDatabase, type PreparedDatabase } from "../up/prepare-database.ts";
import { prepareSecrets, requireSecrets } from "../up/prepare-secrets.ts";
import { prepareSessions } from "../up/prepare-sessions.ts";
import { releaseInput, releaseRecord } from "../up/release-input.ts";
import { type Stage, stages } from "../up/stages.ts";
import { forgetGiven, giveBack } from "./kept-databases.ts";
import { type BuiltRelease, releaseWith } from "./release-resource.ts";
import { chosenServer } from "./server-image.ts";

/** Which release an environment is to serve. */
export interface ServeRequest {
  readonly release: BuiltRelease;
  /** How many copies, in place of what the site file says. */
  readonly replicas: number | null;
  /** Bounds of the database's user, which its tenant's profile says today: a release of before must not bring back those of before. Left out: none are set. */
  readonly limits?: NonNullable<Site["database"]>["limits"] | undefined;
}

/** What came of it. */
export interface Served {
  readonly record: SiteRecord;
  /** Objects that were written or deleted. */
  readonly steps: number;
  /** False when the release served already. */
  readonly released: boolean;
  /** Several pods answer, and each keeps PHP's sessions by itself: the release has no image of a server for them. */
  readonly keepsSessionsApart: boolean;
}

/**
 * Brings a namespace of a cluster to a release that is built: a new one by the same rollout as on one machine, one that serves already by putting
 * right what differs. May be called at any time and again: a rollout that was cut off is settled first, and when nothing differs nothing is written.
 */
export async function serveRelease(request: ServeRequest, ports: Ports, context: EngineContext): Promise<Served> {
  const { namespace, id } = request.release;
  return ports.locks.hold(namespace, "operator", async () => {
    await recoverRollout(namespace, ports, context, id);
    const serving = servingOf(await releasesOf(namespace, ports));
    return serving?.id === id ? keep(request, ports, context) : replace(request, serving?.id ?? null, ports, context);
  });
}

/** It serves: what somebody took away or changed is put back, and new facts (a secret's value, an address) reach its pods. */
async function keep(request: ServeRequest, ports: Ports, context: EngineContext): Promise<Served> {
  const { release } = request;
  const { namespace } = release;
  const quiet: Stage = (_id, _title, work) => work();
  const former = await ports.records.get(namespace);
  const known = await ports.releases.get(`${namespace}.${release.id}`);
  const { wanted, input, desired } = await prepare(request, { former, known }, quiet, ports, context);
  const steps = planObjects(desired, await ports.engine.inventory(namespace, desired));
  await putBack(namespace, steps, ports.engine, { ...context, putsBack: true });
  await ports.releases.put(`${namespace}.${release.id}`, releaseWith(release, factsFor(release.site, input, known?.judged ?? [])));
  const record: SiteRecord = { ...wanted, updatedAt: former?.updatedAt ?? wanted.updatedAt };
  if (canonicalJson(record) !== canonicalJson(former ?? null)) await ports.records.put(namespace, record);
  return { record, steps: steps.length, released: false, keepsSessionsApart: lacksServer(request, input) };
}

/** Each step by itself: what can't be put back (a volume that is gone) is no reason to leave the rest as it is. Throws the first failure. */
async function putBack(namespace: string, steps: readonly Step[], engine: Ports["engine"], context: EngineContext): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps)
    await applyPlan(namespace, [step], engine, context).catch((error: unknown) => {
      if (context.signal.aborted) throw error;
      failures.push(error);
    });
  if (failures.length > 0) throw failures[0];
}

async function replace(request: ServeRequest, serving: string | null, ports: Ports, context: EngineContext): Promise<Served> {
  const { release } = request;
  const { namespace, id } = release;
  const stage = stages(context.emit, ports, context.signal, []);
  const asked = ports.clock.now();
  const former = await ports.records.get(namespace);
  // An environment's server is its own.
  const isCopy = release.site.preview !== undefined;
  const chosen = isCopy ? null : await chooseServer({ site: release.site, namespace, known: former?.database ?? null }, ports);
  const server = chosen?.name ?? null;
  const given = server !== null && (await giveBack(namespace, server, ports));
  const { wanted, input, desired } = await prepare(request, { former, known: undefined }, stage, ports, context);
  if (given) await forgetGiven(namespace, server, ports);
  const inventory = await ports.engine.inventory(namespace);
  const steps = planObjects(desired, inventory);
  const recorded = releaseWith(release, factsFor(release.site, input, []));
  const journal = await openJournal(
    {
      ...{ namespace, step: "build", release: null, wanted: null, held: false, former: serving, formerRecord: former ?? null },
      startedAt: new Date(asked).toISOString(),
    },
    ports,
  );
  await noteOutcome(namespace, id, { state: "rolling-out" }, ports);
  await ports.releases.put(`${namespace}.${id}`, recorded);
  // The servers judge their configuration in the first pod of the release, which nobody reaches before it is well.
  const rollout = { release: recorded, wanted, former, desired, steps, judge: undefined, down: inventory.down === true, asked };
  const { record } = await rollOut(rollout, journal, stage, ports, context);
  return { record, steps: steps.length, released: true, keepsSessionsApart: lacksServer(request, input) };
}

interface PreparedRelease {
  readonly wanted: SiteRecord;
  readonly input: RenderInput;
  readonly desired: readonly Rendered[];
}

/** What must be there before a release's objects are: nothing of it replaces what serves. */
async function prepare(
  request: ServeRequest,
  { former, known: served }: { readonly former: SiteRecord | undefined; readonly known: Release | undefined },
  stage: Stage,
  ports: Ports,
  context: EngineContext,
): Promise<PreparedRelease> {
  const { release, replicas } = request;
  const { site, namespace, spec } = release;
  await requireSecrets(site, namespace, ports);
  const facts = await stage("network", "Network", () => ports.engine.prepare(namespace, context));
  const database = await databaseOf(request, stage, ports, context);
  const secretsDigest = await prepareSecrets(site, namespace, database?.secret ?? null, ports);
  const server = wantsServer(request) || served?.input.sessions != null ? spec.images.sessions?.reference : undefined;
  const sessions = await prepareSessions(namespace, server ?? null, ports);
  const known = {
    ...{ site, namespace, facts, database, secretsDigest, sessions },
    images: { web: spec.images.web.reference, php: spec.images.php?.reference ?? null },
    ...{ codeDigest: spec.codeDigest, watched: spec.watched ?? {} },
  };
  const input = releaseInput(known, ports);
  // Its file is on the machine of whoever built it, and so is who reads a password that is shown once.
  const wanted = releaseRecord(known, input, { file: "", former, credentialsShown: true }, ports);
  return { wanted, input, desired: renderSite(scaled(site, replicas), input) };
}

/**
 * Whether the release's pods share sessions on a server: the site file asks for several, or whoever scales the environment does. A server that is there
 * stays while its release serves, also with one pod: going back and forth would sign everybody out each time.
 */
function wantsServer({ release: { site }, replicas }: ServeRequest): boolean {
  return wantsSessionServer(site) || wantsSessionServer(scaled(site, replicas));
}

function lacksServer(request: ServeRequest, { sessions }: RenderInput): boolean {
  return sessions == null && wantsServer(request);
}

async function databaseOf(
  { release: { site, namespace, spec }, limits }: ServeRequest,
  stage: Stage,
  ports: Ports,
  context: EngineContext,
): Promise<PreparedDatabase | null> {
  const { database } = site;
  if (database === null) return null;
  if (site.preview !== undefined) {
    // The release's is of its own tenant, as this server is; whoever deployed without one gets what all run.
    const image = spec.images.database?.reference ?? (await chosenServer(database.version, ports));
    return await prepareDatabase(site, { database: image, namespace }, ports, context);
  }
  const known = (await ports.records.get(namespace))?.database ?? null;
  const chosen = await chooseServer({ site, namespace, known }, ports);
  // Whatever runs for a server that has a name of its own is not chosen here.
  const named = ["external", "galera"].includes(chosen?.document?.spec.kind ?? "") ? chosen?.name : undefined;
  const bounded: Site = limits === undefined ? site : { ...site, database: { ...database, limits } };
  const image = named === undefined ? await chosenServer(database.version, ports) : null;
  const prepared = await stage(
    "database",
    named === undefined ? `Database (MariaDB ${database.version})` : `Database on ${named}`,
    () => prepareDatabase(bounded, { database: image, namespace }, ports, context),
    ({ name }) => name,
  );
  const programs =
    spec.images.database?.reference ??
    chosen?.document?.spec.galera?.image ??
    (await ports.sharedImages.get(databaseServerName(database.version)))?.reference;
  return named === undefined || programs === undefined ? prepared : { ...prepared, programs };
}

function factsFor(site: Site, input: RenderInput, judged: readonly string[]) {
  return { input, configDigest: configDigest(site, input), migration: site.hooks.migrate.length === 0 ? null : input.migration, judged };
}

/**
 * `kubectl scale environment` wins over the file: where nginx has a number of its own, it is PHP's that is meant. None at all: a person wants
 * nothing to run, for a while.
 */
function scaled(site: Site, replicas: number | null): Site {
  if (replicas === null) return site;
  const { web, ...scale } = site.scale;
  return { ...site, scale: { ...scale, replicas, ...(web === undefined || replicas === 0 ? {} : { web }) } };
}
