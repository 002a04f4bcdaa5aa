import { applyPlan, applyPlanBeside } from "../../apply/apply-plan.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Step } from "../../plan/step.ts";
import type { Rendered } from "../../render/objects.ts";
import type { EngineContext, Ports, SiteRecord } from "../ports.ts";
import type { Release } from "../release/release.ts";
import { noteOutcome, noteServing } from "../release/release-store.ts";
import { checkHealth } from "../up/check-health.ts";
import { runPostDeploy } from "../up/run-post-deploy.ts";
import type { Stage } from "../up/stages.ts";
import { isPastSwitch, type OpenJournal } from "./journal.ts";
import { pendingMigration, runMigration } from "./migration.ts";
import { servedRecord } from "./served-record.ts";
import { undoRollout } from "./undo-rollout.ts";

/** A release that is built and written down, and what it replaces. */
export interface Rollout {
  readonly release: Release;
  /** The site's record once the release serves. */
  readonly wanted: SiteRecord;
  readonly former: SiteRecord | undefined;
  readonly desired: readonly Rendered[];
  readonly steps: readonly Step[];
  /** The servers judge the configuration; undefined when they have judged the same before. */
  readonly judge: (() => Promise<void>) | undefined;
  /** A stopped site: its pods must be started even if nothing of them changed. */
  readonly down: boolean;
  /** Milliseconds since the epoch: when the person asked. */
  readonly asked: number;
}

/** What came of it. */
export interface RolledOut {
  readonly record: SiteRecord;
  readonly health: { readonly status: number; readonly milliseconds: number };
  /** Milliseconds from the command to the new release's answer; ending the former one comes after that. */
  readonly answeringMs: number;
}

/**
 * Takes a release into service. The step is in the journal before it begins; failing or killed anywhere, one release or the other serves.
 *
 * ```
 *   build ─▶ check ─▶ migrate ─▶ start ─▶ ask ─┬▶ switch ─▶ answer ─▶ drain ─▶ (done: the journal is gone)
 *                     if one is   new      a    │  the edge   through  the former
 *                     pending:    beside   real │  leads to   the way  finish what
 *                     dump,       old      page │  the new    in       they began
 *                     then once                 │
 *   ◀────────────────── undo ───────────────────┴──── undo (the former still run) ──┘
 *   killed here: undone by the next command or     killed here: finished
 *   the agent; the former release never stopped
 * ```
 *
 * `exclusive` holds the site from before `migrate` until after `switch`: visitors read a page, workers rest, and undoing also puts the
 * database back, which nobody else has written to meanwhile.
 */
export async function rollOut(
  rollout: Rollout,
  journal: OpenJournal,
  stage: Stage,
  ports: Ports,
  context: EngineContext,
): Promise<RolledOut> {
  const { release, wanted } = rollout;
  const { namespace } = release;
  let health: RolledOut["health"];
  try {
    await journal.at("check", { release: release.id, wanted });
    if (rollout.judge !== undefined) await stage("configuration", "nginx and PHP-FPM judge their configuration", rollout.judge);
    await replace(rollout, journal, stage, ports, context);
    await journal.at("answer");
    health = await stage(
      "health",
      `Asking ${release.site.web.healthPath}`,
      () => checkHealth(release.site, ports, context, namespace),
      (answer) => String(answer.status),
    );
  } catch (error) {
    await giveUp(error, rollout, journal, ports, context);
    throw error;
  }
  const answeringMs = ports.clock.now() - rollout.asked;
  context.emit({ type: "notice", level: "info", message: `answering after ${(answeringMs / 1000).toFixed(1)} s` });
  const record = servedRecord(wanted, release);
  await journal.at("drain", { wanted: record });
  await ports.records.put(namespace, record);
  await noteServing(namespace, release.id, ports);
  const settle = (): Promise<void> => ports.engine.settle(namespace, context);
  const [settled, hooked] = await Promise.allSettled([
    rollout.former?.serving == null ? settle() : stage("drain", "The former release finishes what it began", settle),
    postDeploy(rollout, record, stage, ports, context),
  ]);
  if (settled.status === "rejected") throw settled.reason; // the journal stays: the next command or the agent ends them
  await journal.close();
  if (hooked.status === "rejected") throw hooked.reason;
  return { record: hooked.value, health, answeringMs };
}

/** From the migration to the switch. */
async function replace(rollout: Rollout, journal: OpenJournal, stage: Stage, ports: Ports, context: EngineContext): Promise<void> {
  const { release, wanted, former, steps, desired } = rollout;
  const { namespace, site } = release;
  // Of a first release there is nothing to go back to: what it leaves is seen, and repaired, by its name.
  if (former === undefined) await ports.records.put(namespace, wanted);
  await ports.retained.remove(namespace);
  // Going back migrates nothing: the former code has seen its own migrations.
  const pending = release.rollbackOf === null ? await pendingMigration(wanted, ports) : null;
  const replacesPods = steps.some(({ key }) => key.startsWith("Deployment/"));
  const serves = former?.serving != null && !rollout.down;
  const exclusive = site.rollout.strategy === "exclusive" && serves && (replacesPods || pending !== null);
  if (pending !== null || exclusive) await journal.at("migrate", { held: exclusive });
  if (exclusive) {
    const page = { text: site.rollout.message, retryAfter: RETRY_AFTER_SECONDS };
    const stop = former.site.workers.map(({ name }) => `worker-${name}`);
    await stage("hold", "Visitors read that the site is being updated", () => ports.engine.hold(namespace, { page, stop }, context));
  }
  if (pending !== null)
    await stage(
      "migrate",
      "Migrating the database",
      () => runMigration(pending, { record: wanted, desired, steps }, ports, context),
      ({ dump }) => (dump === null ? pending.step : `${pending.step}; the database before it: ${dump}`),
    );
  const lead: EngineContext = { ...context, reached: (phase) => journal.at(phase) };
  await stage(
    "apply",
    "Starting",
    () => (former === undefined && site.preview !== undefined ? applyPlanBeside : applyPlan)(namespace, steps, ports.engine, lead),
    () => (steps.length === 0 ? "nothing to change" : `${String(steps.length)} steps`),
  );
  const applied = new Set(steps.filter(({ do: verb }) => verb === "create" || verb === "update").map(({ key }) => key));
  const missing = desired.some(({ key }) => key.startsWith("Deployment/") && !applied.has(key));
  await journal.at("switch");
  // From here on visitors write: undoing no longer puts the database back.
  if (exclusive) {
    await ports.engine.hold(namespace, null, context);
    await journal.at("switch", { held: false });
  }
  if (rollout.down || missing) await ports.engine.scaleUp(namespace, context);
  await ports.agent.ensureRunning();
}

/** What programs are told that ask during an exclusive rollout: short, since most are over within a minute. */
const RETRY_AFTER_SECONDS = 20;

/** A hook that failed or was cut off is due again, even when nothing else changed. The site serves whatever comes of it. */
async function postDeploy(
  { release, steps }: Rollout,
  record: SiteRecord,
  stage: Stage,
  ports: Ports,
  context: EngineContext,
): Promise<SiteRecord> {
  if (release.site.hooks.postDeploy.length === 0 || (steps.length === 0 && record.postDeployed === record.releaseId)) return record;
  await stage("post-deploy", "Post-deploy hook", () => runPostDeploy(release.site, release.namespace, ports, context));
  const done: SiteRecord = { ...record, postDeployed: record.releaseId };
  await ports.records.put(release.namespace, done);
  return done;
}

/** A failure's end: the former release serves, and what happened is written where `status` finds it. */
async function giveUp(
  error: unknown,
  { release, former }: Rollout,
  journal: OpenJournal,
  ports: Ports,
  context: EngineContext,
): Promise<void> {
  const { step } = journal.now();
  const reason = error instanceof Error ? error.message : String(error);
  const code = error instanceof HowdahError ? error.code : "bug";
  const cut = context.signal.aborted;
  await noteOutcome(
    release.namespace,
    release.id,
    cut ? { state: "interrupted", step, reason: "it was stopped" } : { state: "failed", step, code, reason },
    ports,
  );
  if (former?.serving != null || journal.now().held) {
    context.emit({ type: "notice", level: "warning", message: `${isPastSwitch(step) ? "going back to" : "keeping"} the former release` });
    await undoRollout(journal.now(), ports, context);
  }
  await journal.close();
}
