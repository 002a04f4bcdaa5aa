import { applyPlan } from "../../apply/apply-plan.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { planObjects } from "../../plan/plan-objects.ts";
import type { SiteImageRequest } from "../../providers/image-builder.ts";
import type { LiveCopy, Synced } from "../../providers/live-copy.ts";
import type { Rendered } from "../../render/objects.ts";
import { liveSite } from "../../render/site/live-site.ts";
import type { RenderInput } from "../../render/site/render-input.ts";
import { renderSite } from "../../render/site/render-site.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { releasesOf, servingOf } from "../release/release-store.ts";
import { pendingMigration } from "../rollout/migration.ts";
import { checkConfiguration, judgementsOf } from "../up/check-configuration.ts";
import { checkHealth } from "../up/check-health.ts";
import type { PreparedBases } from "../up/prepare-images.ts";
import { siteImageRequest } from "../up/prepare-images.ts";
import { prepareSite } from "../up/prepare-site.ts";
import type { Stage } from "../up/stages.ts";
import type { UpRequest } from "../up/up.ts";
import type { WatchRecord } from "./watch-record.ts";

/** One watch of a site: what it is about, and what it works with. */
export interface Watch {
  readonly session: string;
  readonly copy: LiveCopy;
  readonly ports: Ports;
  readonly context: EngineContext;
  readonly stage: Stage;
}

/** The pods of a watch, as they run now. */
export interface Live {
  readonly url: string;
  readonly image: SiteImageRequest;
  readonly bases: PreparedBases;
  readonly desired: readonly Rendered[];
  readonly record: WatchRecord;
  readonly first: Synced;
  /** `update Deployment/web`. */
  readonly steps: readonly string[];
  /** A migration that no release has run. */
  readonly migrates: boolean;
}

/**
 * Puts pods over the copy into the place of what serves, new beside old: everything is prepared as for a release, the servers judge the
 * configuration, a real page is asked for. No release is recorded. What fails leaves what served: `before`'s pods, or the release's.
 * The caller holds the site's lock. Errors: those of a deploy; `site/not-watchable`.
 */
export async function goLive(request: UpRequest, watch: Watch, before: Live | undefined): Promise<Live> {
  const { ports, context, stage, copy } = watch;
  const { site } = request;
  const serving = servingOf(await releasesOf(site.name, ports));
  if (serving === undefined)
    throw new HowdahError("site/not-watchable", `No release of ${site.name} serves that could be gone back to`, {
      hint: `\`howdah deploy ${site.name}\` makes one; then watch.`,
    });
  const prepared = await prepareSite(request, true, stage, ports, context);
  const image = siteImageRequest(site, request.source, prepared.bases);
  if (before === undefined) await copy.build(image, prepared.bases.lock, context.emit, context.signal);
  const first = await stage(
    "copy",
    "Copying the code",
    () => copy.sync(image, context.signal),
    ({ files }) => `${String(files)} files`,
  );
  const { php, web } = copy.directories;
  const input: RenderInput = { ...prepared.input, live: { php: site.runtime === null ? null : php, web } };
  const shown = liveSite(site);
  await stage("configuration", "nginx and PHP-FPM judge their configuration", () =>
    checkConfiguration(shown, judgementsOf(shown, input, prepared.bases), ports, context.signal),
  );
  const desired = renderSite(shown, input);
  const deployments = desired.filter(({ key }) => key.startsWith("Deployment/")).map(({ digest }) => digest);
  const record: WatchRecord = {
    ...{ namespace: site.name, session: watch.session, source: request.source, release: serving.id },
    process: await ports.machine.processIdentity(),
    since: before?.record.since ?? new Date(ports.clock.now()).toISOString(),
    // Those that run until the new ones do belong to it as well: another session's, when its process was killed.
    deployments: [...deployments, ...((await ports.watches.get(site.name))?.deployments ?? []).slice(0, DEPLOYMENTS_KEPT)],
  };
  await ports.watches.put(site.name, record);
  const steps = planObjects(desired, await ports.engine.inventory(site.name));
  try {
    await stage("apply", "Starting", () => applyPlan(site.name, steps, ports.engine, { ...context, reached: () => Promise.resolve() }));
    await ports.agent.ensureRunning();
    await stage("health", `Asking ${site.web.healthPath}`, () => checkHealth(site, ports, context));
  } catch (error) {
    const former = before?.desired ?? renderSite(serving.site, serving.input);
    await putBack(site.name, former, ports, context);
    throw error;
  }
  await ports.engine.settle(site.name, context);
  const migrates = (await pendingMigration(prepared.wanted, ports)) !== null;
  const said = steps.map(({ do: verb, key }) => `${verb} ${key}`);
  return { url: input.url, image, bases: prepared.bases, desired, record, first, steps: said, migrates };
}

const DEPLOYMENTS_KEPT = 20;

/** Brings a namespace back to what it was, and ends what came instead; never cut short by Ctrl-C. */
export async function putBack(namespace: string, former: readonly Rendered[], ports: Ports, { emit }: EngineContext): Promise<void> {
  const context: EngineContext = { emit, signal: new AbortController().signal };
  const steps = planObjects(former, await ports.engine.inventory(namespace));
  // What serves until then stays until all of it is in place.
  await applyPlan(namespace, steps, ports.engine, { ...context, reached: () => Promise.resolve() });
  await ports.engine.settle(namespace, context);
}
