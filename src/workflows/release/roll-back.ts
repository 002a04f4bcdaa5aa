import { HowdahError } from "../../kernel/howdah-error.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import type { Step } from "../../plan/step.ts";
import type { RenderInput } from "../../render/site/render-input.ts";
import { renderSite } from "../../render/site/render-site.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import { openJournal } from "../rollout/journal.ts";
import { recoverRollout } from "../rollout/recover-rollout.ts";
import { rollOut } from "../rollout/rollout.ts";
import { withProfileOfToday } from "../tenant/place-site.ts";
import { requireActive } from "../tenant/tenant.ts";
import { checkConfiguration, judgementsOf } from "../up/check-configuration.ts";
import { configDigest } from "../up/draft-release.ts";
import { prepareSecrets } from "../up/prepare-secrets.ts";
import { prepareSessions } from "../up/prepare-sessions.ts";
import { siteUrl } from "../up/site-url.ts";
import { stages, type Timing } from "../up/stages.ts";
import { forgetWatch, watchOf } from "../watch/watch-record.ts";
import type { Release } from "./release.ts";
import { migrationsBetween, type PastRelease, servedBefore } from "./way-back.ts";
import { type KnownRelease, dropOldReleases, recordRelease, releaseOf, releasesOf, servingOf } from "./release-store.ts";

/** A rollback before anybody said yes. */
export interface RollbackPlan {
  readonly kind: "plan";
  readonly namespace: string;
  readonly from: Release;
  readonly to: Release;
  /** Releases between the two (the serving one included) whose migrations the former code has not seen. */
  readonly migrations: readonly string[];
  readonly steps: readonly Step[];
}

/** What a rollback did. */
export interface RolledBack {
  readonly kind: "done";
  readonly record: SiteRecord;
  readonly release: Release;
  readonly from: string;
  readonly to: string;
  readonly health: { readonly status: number; readonly milliseconds: number };
  readonly timings: readonly Timing[];
  readonly answeringMs: number;
}

/**
 * Chooses where to go back to and names what stands in the way. Without an id: the release that served before the one that serves.
 * Errors: `release/unknown`; `usage/invalid` when it serves already; `image/missing`.
 */
export async function planRollback(record: SiteRecord, id: string | undefined, ports: Ports): Promise<RollbackPlan> {
  const { namespace } = record;
  const known = await releasesOf(namespace, ports);
  const from = servingOf(known);
  if (from === undefined)
    throw new HowdahError("release/unknown", `No release of ${namespace} serves that could be gone back from`, {
      hint: "`howdah deploy` makes one from the code.",
    });
  const all = known.map(past);
  const now = past({ release: from, outcome: undefined });
  const former = id === undefined ? servedBefore(all, now)?.release : await releaseOf(namespace, id, ports);
  if (former === undefined)
    throw new HowdahError("release/unknown", `${namespace} has no release that served before ${from.id}`, {
      hint: "`howdah releases` lists all that are kept; `howdah rollback RELEASE` takes any of them.",
    });
  const to = await withProfileOfToday(former, ports);
  // While files show as they are saved, no release is what visitors see: the one that serves again is a way back as well.
  if (to.id === from.id && (await watchOf(namespace, ports)) === undefined)
    throw new HowdahError("usage/invalid", `${to.id} serves already`, { hint: "`howdah releases` lists the others." });
  await requireImages(to, ports);
  const steps = planObjects(renderSite(to.site, await inputNow(record, to, ports)), await ports.engine.inventory(namespace));
  return { kind: "plan", namespace, from, to, migrations: migrationsBetween(all, now, past({ release: to, outcome: undefined })), steps };
}

function past({ release, outcome }: KnownRelease): PastRelease & { readonly release: Release } {
  const { id, rollbackOf, migration } = release;
  return { id, rollbackOf, migration, state: outcome?.state, release };
}

async function requireImages({ id, images, input, namespace }: Release, ports: Ports): Promise<void> {
  const there = new Set((await ports.images.list()).map(({ reference }) => reference));
  const needed = [images.web.reference, ...(images.php === null ? [] : [images.php.reference])];
  const missing = [...needed, ...(input.sessions == null ? [] : [input.sessions.image])].filter((reference) => !there.has(reference));
  if (missing.length === 0) return;
  throw new HowdahError("image/missing", `${id} of ${namespace} needs ${missing.join(" and ")}, which is not here`);
}

/** A release's code and site with the facts of today: secrets, the database and the network may have changed since. */
async function inputNow(record: SiteRecord, release: Release, ports: Ports): Promise<RenderInput> {
  const { input, site } = release;
  const database =
    record.database === null || input.database === null
      ? input.database
      : {
          ...input.database,
          host: record.database.host,
          port: record.database.port,
          name: record.database.name,
          user: record.database.user,
        };
  return { ...input, database, url: siteUrl(site, ports.settings), secretsDigest: record.secretsDigest };
}

/** Goes back: no build, no migration, data stays as it is. A release of its own, so that the list tells what happened. */
export async function rollBack(plan: RollbackPlan, why: string | null, ports: Ports, context: EngineContext): Promise<RolledBack> {
  const { namespace } = plan;
  const timings: Timing[] = [];
  const stage = stages(context.emit, ports, context.signal, timings);
  const asked = ports.clock.now();
  return ports.locks.hold(namespace, "rollback", async () => {
    await requireActive(plan.to.site, ports);
    await recoverRollout(namespace, ports, context);
    const known = await releasesOf(namespace, ports);
    const from = servingOf(known);
    const former = await ports.records.get(namespace);
    if (from === undefined || former === undefined || from.id !== plan.from.id)
      throw new HowdahError("machine/busy", `Another release of ${namespace} serves by now`, {
        hint: "Look at `howdah releases`, then ask again.",
      });
    const { to } = plan;
    const { site } = to;
    const secretsDigest = await secretsOf(former, to, ports);
    const sessions = await prepareSessions(namespace, to.input.sessions?.image ?? null, ports);
    const input = { ...(await inputNow(former, to, ports)), secretsDigest, sessions };
    const desired = renderSite(site, input);
    const inventory = await ports.engine.inventory(namespace);
    const steps = planObjects(desired, inventory);
    const wanted: SiteRecord = {
      ...former,
      ...{ site, url: input.url, images: input.images, releaseId: input.releaseId, migration: input.migration, secretsDigest },
      updatedAt: new Date(ports.clock.now()).toISOString(),
    };
    const journal = await openJournal(
      {
        ...{ namespace, step: "build", release: null, wanted: null, held: false, former: from.id, formerRecord: former },
        startedAt: new Date(asked).toISOString(),
      },
      ports,
    );
    const { id: _id, ...past } = to;
    const draft = {
      ...{ ...past, input, configDigest: configDigest(site, input), who: ports.settings.who, why, rollbackOf: to.rollbackOf ?? to.id },
      when: new Date(ports.clock.now()).toISOString(),
    };
    const release = await recordRelease(draft, known, ports);
    // It served before with the same files, unless Howdah renders them differently by now.
    const judge = sameFiles(to, input)
      ? undefined
      : () => checkConfiguration(site, judgementsOf(site, input, basesUnknown(to)), ports, context.signal);
    const done = await rollOut(
      { release, wanted, former, desired, steps, judge, down: inventory.down === true, asked },
      journal,
      stage,
      ports,
      context,
    );
    await forgetWatch(namespace, ports);
    await dropOldReleases(namespace, site.releases.keep, ports);
    return { kind: "done", ...done, release, from: from.id, to: to.id, timings };
  });
}

/** Only whether the files are equal matters here, not what they lie on. */
function basesUnknown({ images }: Release): { readonly web: string; readonly php: string | null } {
  return { web: images.web.reference, php: images.php?.reference ?? null };
}

function sameFiles(to: Release, input: RenderInput): boolean {
  const digests = (one: RenderInput): string =>
    judgementsOf(to.site, one, basesUnknown(to))
      .map(({ digest }) => digest)
      .join();
  return digests(to.input) === digests(input);
}

/** The secrets that the former site file names, put where its pods find them; the database's are there already, as `prepareSecrets` put them. */
async function secretsOf(record: SiteRecord, { site }: Release, ports: Ports): Promise<string> {
  const [generated = "", ...named] = (await prepareSecrets(site, record.namespace, null, ports)).split(".");
  const database = record.database === null ? [] : record.secretsDigest.split(".").slice(1, 2);
  return [generated, ...database, ...named].join(".");
}
