import { applyPlan } from "../../apply/apply-plan.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import type { Step } from "../../plan/step.ts";
import type { Rendered } from "../../render/objects.ts";
import { renderSite } from "../../render/site/render-site.ts";
import type { Site } from "../../site/site.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import type { Release } from "../release/release.ts";
import { dropOldReleases, recordRelease, releasesOf, servingOf } from "../release/release-store.ts";
import { type OpenJournal, openJournal } from "../rollout/journal.ts";
import { recoverRollout } from "../rollout/recover-rollout.ts";
import { type RolledOut, rollOut } from "../rollout/rollout.ts";
import { requireActive } from "../tenant/tenant.ts";
import { forgetWatch, watchOf } from "../watch/watch-record.ts";
import { checkConfiguration, judgementsOf } from "./check-configuration.ts";
import { checkHealth } from "./check-health.ts";
import { draftRelease } from "./draft-release.ts";
import { type KnownRelease, prepareFromRelease } from "./prepare-from-release.ts";
import { type Prepared, prepareSite } from "./prepare-site.ts";
import { pruneImages } from "./prune-images.ts";
import { runPostDeploy } from "./run-post-deploy.ts";
import { type Stage, stages, type Timing } from "./stages.ts";

/** What `up` is asked for. */
export interface UpRequest {
  readonly site: Site;
  /** Absolute path of the site file. */
  readonly file: string;
  /** Absolute path of the code. */
  readonly source: string;
  readonly lockFile: string;
  /** The site file was moved: what belongs to its name is taken over. */
  readonly adopt: boolean;
  /** The verb, for whoever finds the site locked. */
  readonly command: "up" | "deploy" | "env";
  /** The person's own words about the change. */
  readonly why: string | null;
  /** Of an environment: the images are those of a release that serves already. Left out: they are built of `source`. */
  readonly known?: KnownRelease;
}

/** What came of it. */
export interface UpResult {
  readonly record: SiteRecord;
  readonly steps: readonly Step[];
  readonly health: { readonly status: number; readonly milliseconds: number };
  /** Milliseconds by stage, in the order of their ends; those of a site that serves already run side by side. */
  readonly timings: readonly Timing[];
  /** The release that serves now. */
  readonly release: string | null;
  /** False when nothing had changed. */
  readonly released: boolean;
  /** Milliseconds from the beginning of the work until the site answered as it should. */
  readonly answeringMs: number;
  /** True the first time that the site is healthy. */
  readonly showCredentials: boolean;
}

/** One run of `up` or `deploy`: what is asked for, and what everything in it needs. */
interface Run {
  readonly request: UpRequest;
  readonly ports: Ports;
  readonly context: EngineContext;
  readonly stage: Stage;
  readonly asked: number;
}

/**
 * The main job: from a resolved site to a healthy one behind a URL. Every stage may be repeated: what is there already is kept,
 * so a run that was killed anywhere is finished by the next. Nothing that serves is touched before the new images are built; replacing
 * it is rollout.ts' work, for `up` and `deploy` alike.
 */
export async function bringUp(request: UpRequest, ports: Ports, context: EngineContext): Promise<UpResult> {
  const namespace = request.site.name;
  const timings: Timing[] = [];
  const run: Run = { request, ports, context, stage: stages(context.emit, ports, context.signal, timings), asked: ports.clock.now() };
  return ports.locks.hold(namespace, request.command, async () => {
    await requireActive(request.site, ports); // a suspension may have come while this waited
    await recoverRollout(namespace, ports, context);
    if ((await watchOf(namespace, ports)) !== undefined)
      context.emit({
        type: "notice",
        level: "info",
        message: `${namespace} shows files as they are saved (deploy --watch): that ends now`,
      });
    const known = await releasesOf(namespace, ports);
    const serving = servingOf(known);
    const journal = await openJournal(
      {
        ...{ namespace, step: "build", release: null, wanted: null, held: false },
        former: serving?.id ?? null,
        formerRecord: (await ports.records.get(namespace)) ?? null,
        startedAt: new Date(run.asked).toISOString(),
      },
      ports,
    );
    const preparing =
      request.known === undefined
        ? prepareSite(request, serving !== undefined, run.stage, ports, context)
        : prepareFromRelease(request, request.known, run.stage, ports, context);
    const prepared = await preparing.catch(async (error: unknown) => {
      await journal.close(); // nothing was touched
      throw error;
    });
    const { former, input } = prepared;
    const desired = renderSite(request.site, input);
    const inventory = await ports.engine.inventory(namespace);
    const steps = planObjects(desired, inventory);
    const down = inventory.down === true;
    const draft = draftRelease(request, prepared, ports);
    const same = serving !== undefined && serving.codeDigest === draft.codeDigest && serving.configDigest === draft.configDigest;
    const outcome = await (same &&
    former?.serving?.release === serving.id &&
    JSON.stringify(serving.images) === JSON.stringify(draft.images)
      ? keepServing(run, { former, steps, desired }, journal)
      : release(run, { prepared, desired, steps, down, draft, known }, journal));
    await forgetWatch(namespace, ports);
    await dropOldReleases(namespace, request.site.releases.keep, ports);
    // Nothing was built of a release that is known, so there is nothing too much.
    if (request.known === undefined)
      await pruneImages(
        request.site,
        [...(outcome.record.serving?.images ?? []), ...(former?.serving?.images ?? [])],
        ports,
        context.signal,
      );
    const released = outcome.released;
    return { ...outcome, steps, timings, released, showCredentials: former?.credentialsShown !== true };
  });
}

type Outcome = RolledOut & { readonly release: string; readonly released: boolean };

/** Something changed: it becomes a release and takes the place of what serves. */
async function release(
  { request, ports, context, stage, asked }: Run,
  made: {
    readonly prepared: Prepared;
    readonly desired: readonly Rendered[];
    readonly steps: readonly Step[];
    readonly down: boolean;
    readonly draft: Omit<Release, "id">;
    readonly known: Awaited<ReturnType<typeof releasesOf>>;
  },
  journal: OpenJournal,
): Promise<Outcome> {
  const { prepared, known, desired, steps, down } = made;
  const { site } = request;
  const judgements = judgementsOf(site, prepared.input, prepared.bases);
  const taken = new Set(
    known
      .filter(({ outcome }) => outcome?.state === "serving" || outcome?.state === "superseded")
      .flatMap(({ release: { judged } }) => judged),
  );
  // Those of a release that serves were judged with all but a name that is another one here; and nothing serves yet that could be harmed.
  const open = request.known === undefined ? judgements.filter(({ digest }) => !taken.has(digest)) : [];
  const draft = { ...made.draft, judged: request.known === undefined ? judgements.map(({ digest }) => digest) : [] };
  const recorded = await recordRelease(draft, known, ports);
  const judge = open.length === 0 ? undefined : () => checkConfiguration(site, open, ports, context.signal);
  const rollout = { release: recorded, wanted: prepared.wanted, former: prepared.former, desired, steps, judge, down, asked };
  return { ...(await rollOut(rollout, journal, stage, ports, context)), release: recorded.id, released: true };
}

/** Nothing changed: what should run is brought back if it does not, and asked. */
async function keepServing(
  { request, ports, context, stage, asked }: Run,
  { former, steps, desired }: { readonly former: SiteRecord; readonly steps: readonly Step[]; readonly desired: readonly Rendered[] },
  journal: OpenJournal,
): Promise<Outcome> {
  const { site } = request;
  await journal.close(); // there is nothing to go back to but this
  const title = "Starting";
  await stage(
    "apply",
    title,
    async () => {
      await applyPlan(site.name, steps, ports.engine, context);
      if (desired.length > 0) await ports.engine.scaleUp(site.name, context);
      await ports.engine.settle(site.name, context);
    },
    () => (steps.length === 0 ? "nothing to change" : `${String(steps.length)} steps`),
  );
  await ports.agent.ensureRunning();
  const health = await stage(
    "health",
    `Asking ${site.web.healthPath}`,
    () => checkHealth(site, ports, context),
    ({ status }) => String(status),
  );
  const answeringMs = ports.clock.now() - asked;
  let record: SiteRecord = { ...former, site, file: request.file, credentialsShown: true };
  await ports.records.put(site.name, record);
  if (site.hooks.postDeploy.length > 0 && record.postDeployed !== record.releaseId) {
    await stage("post-deploy", "Post-deploy hook", () => runPostDeploy(site, site.name, ports, context));
    record = { ...record, postDeployed: record.releaseId };
    await ports.records.put(site.name, record);
  }
  return { record, health, answeringMs, release: former.serving?.release ?? "", released: false };
}
