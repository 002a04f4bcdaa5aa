import type { ErrorCode } from "../../kernel/error-catalog.ts";
import { HowdahError } from "../../kernel/howdah-error.ts";
import { RETRY_ANNOTATION } from "../../kernel/label.ts";
import type { KubeObject, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { readyCondition } from "../../observe/conditions.ts";
import type { Observed } from "../../observe/observed.ts";
import { selectorFor } from "../../render/labels.ts";
import { type EnvironmentSpec, type EnvironmentStatus, environmentSpec } from "../../resources/schema/environment.ts";
import type { ReleaseStatus } from "../../resources/schema/release.ts";
import type { Site } from "../../site/site.ts";
import { builtRelease } from "../../workflows/cluster/release-resource.ts";
import { serveRelease } from "../../workflows/cluster/serve-release.ts";
import type { EngineContext, Ports } from "../../workflows/ports.ts";
import { isPastSwitch } from "../../workflows/rollout/journal.ts";
import { siteUrl } from "../../workflows/up/site-url.ts";
import type { OperatorPorts, Outcome, Reconcile } from "../operator-ports.ts";
import { conditionsOf, statusOf, type Verdict, writeStatus } from "../status.ts";
import { replacingBackup, restoringBackup } from "../backup/why-wait.ts";
import { decideEnvironment, type EnvironmentDecision, releasesToDrop } from "./decide-environment.ts";
import { oneAfterAnother } from "./one-after-another.ts";
import { isPreview } from "../preview/preview-place.ts";
import { reconcilePreview } from "../preview/reconcile-preview.ts";
import { isClosed } from "../tenant/close-namespace.ts";
import type { DatabaseLimits } from "../tenant/database-limits.ts";
import { rests, resumeEnvironment, suspendedVerdict, suspendEnvironment, tenantOf } from "../tenant/suspension.ts";
import { holdForTakeDown, type Look, takeDown } from "./take-down.ts";
import { untilSuperseded } from "./until-superseded.ts";

/**
 * After a failure the next try comes after 10 s, then later each time, up to five minutes: whatever changes meanwhile. What serves is put right 10 s
 * after a failure when something of it changes: what lasts (a volume that is gone) must not hold up the rest (a deleted Service).
 */
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 300_000;

/** Somebody who changes what is put right at that moment is met again at once, so often; then it is told as any failure. */
const OVERTAKEN = { pauseMs: 1000, times: 3 };

/** What is not watched (secrets of people, databases) is looked at as often. */
const RESYNC_MS = 900_000;

/** A resumed tenant's namespaces let pods in again within moments. */
const OPENING_MS = 500;

/** The last failures of an environment: of which release, how many, and when it may be tried again. */
export interface Pause {
  readonly release: string;
  readonly failures: number;
  /** How often somebody else was faster. */
  readonly overtaken: number;
  /** Until then not even a change has it tried again. */
  readonly until: number;
}

/** A release that waits for its turn is looked at again after this: another's rollout takes a minute or so. */
const TURN_MS = 5000;

/** Rollouts of all environments. Each is waited for, and whoever works through a queue has only so many workers. */
export interface Rollouts {
  /** Namespaces in which one is under way. */
  readonly underWay: Set<string>;
  /** So many may be. */
  readonly most: number;
}

const unbounded = (): Rollouts => ({ underWay: new Set(), most: Number.POSITIVE_INFINITY });

/** Brings environments to the releases that are wanted, and says in their status what they serve. `pauses`: by namespace. */
export function reconcileEnvironment(ports: OperatorPorts, pauses = new Map<string, Pause>(), rollouts = unbounded()): Reconcile {
  return async ({ namespace = "", name }, signal) => {
    const place: ObjectName = { resource: resources.Environment, namespace, name };
    const [object, ofNamespace, { items: releases }] = await Promise.all([
      ports.api.get(place, signal),
      ports.api.get({ resource: resources.Namespace, namespace: undefined, name: namespace }, signal),
      ports.api.list(resources.Release, { namespace }, signal),
    ]);
    if (object === undefined) return {};
    if (isPreview(object)) return reconcilePreview(object, ports, signal);
    const look: Look = { object, namespace, ports, signal };
    if (object.metadata.deletionTimestamp !== undefined) return takeDown(look);
    if (ofNamespace?.metadata.deletionTimestamp !== undefined) return {};
    await holdForTakeDown(look);
    const status = statusOf<EnvironmentStatus>(object);
    const tenant = await tenantOf(ofNamespace, ports, signal);
    if (tenant?.suspended === true) return suspend(look, tenant.name, status);
    if (rests(status) && (await isClosed(namespace, ports.api, signal))) return { again: OPENING_MS }; // no pod could start
    if (rests(status)) await resumeEnvironment(namespace, ports, { emit: logged(namespace, status.release ?? "", ports), signal });
    const retry = object.metadata.annotations?.[RETRY_ANNOTATION];
    const read = environmentSpec.safeParse(object["spec"]);
    if (!read.success) {
      await report(look, [...(await readiness(namespace, ports)), invalidSpec(read.error)], factsOf(status));
      return {};
    }
    const decision = decideEnvironment({ spec: read.data, status, retry, releases });
    const retried = retry === undefined ? {} : { retried: retry };
    if (decision.do === "wait") {
      await report(look, decision.verdicts, { ...factsOf(status), ...retried });
      return {};
    }
    const { name: release } = decision.release.metadata;
    const pause = pauses.get(namespace);
    const asked = retry !== undefined && retry !== status.retried;
    const rest = pause?.release === release && !asked ? pause.until - ports.clock.now() : 0;
    if (rest > 0) return { again: rest };
    const before = pause?.release === release ? pause : { failures: 0, overtaken: 0 };
    const isNew = !isServing(decision.release);
    const wait = isNew ? await whyQueued(look, release, status, rollouts) : undefined;
    if (wait !== undefined) {
      await report(look, [...(await readiness(namespace, ports)), queued(wait)], factsOf(status)); // a retry is still to come
      return { again: TURN_MS };
    }
    if (isNew) rollouts.underWay.add(namespace);
    const wanted = { ...decision, limits: tenant?.limits };
    const ended = await serve(look, wanted, releases, { ...factsOf(status), ...retried }, before.overtaken < OVERTAKEN.times).finally(() =>
      rollouts.underWay.delete(namespace),
    );
    if (ended === "serves" || ended === "superseded") {
      pauses.delete(namespace);
      return { again: ended === "serves" ? RESYNC_MS : 0 };
    }
    const next =
      ended === "overtaken"
        ? { ...before, overtaken: before.overtaken + 1 }
        : { failures: before.failures + (isOutage(ended.code) ? 0 : 1), overtaken: before.overtaken };
    const again = ended === "overtaken" ? OVERTAKEN.pauseMs : pauseAfter(next.failures, ended);
    pauses.set(namespace, { release, ...next, until: ports.clock.now() + (isNew ? again : Math.min(again, FIRST_PAUSE_MS)) });
    return { again };
  };
}

/** An environment whose tenant is suspended rests, whatever else is wanted of it; where that has to wait, its status says why. */
async function suspend(look: Look, tenant: string, status: Partial<EnvironmentStatus>): Promise<Outcome> {
  const { namespace, ports, signal } = look;
  if (rests(status)) return {};
  const backup = await replacingBackup(namespace, ports, signal);
  if (backup !== undefined) {
    const message = `The suspension of ${tenant} waits for the restore of the Backup ${backup}`;
    const waits: Verdict = { type: "Reconciling", status: "True", reason: "SuspensionWaits", message };
    await report(look, [...(await readiness(namespace, ports)), waits], factsOf(status));
    return { again: TURN_MS };
  }
  try {
    await suspendEnvironment(namespace, ports, { emit: logged(namespace, status.release ?? "", ports), signal });
  } catch (error) {
    if (error instanceof HowdahError && !signal.aborted) {
      const message = `The suspension of ${tenant} waits: ${error.message}`;
      await report(
        look,
        [...(await readiness(namespace, ports)), { type: "Reconciling", status: "True", reason: error.entry.reason, message }],
        factsOf(status),
      );
    }
    throw error;
  }
  await report(look, [suspendedVerdict(tenant)], factsOf(status));
  ports.log("info", "environment suspended", { namespace, tenant });
  return {};
}

function isServing(release: KubeObject): boolean {
  return statusOf<ReleaseStatus>(release).state === "serving";
}

/** The API server lets none in that is not as its definition says; one that was there before, or came while that was another, is told. */
function invalidSpec({
  issues: [issue],
}: {
  readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[];
}): Verdict {
  const field = ["spec", ...(issue?.path ?? [])].join(".");
  return { type: "Stalled", status: "True", reason: "SpecInvalid", message: `${field}: ${issue?.message ?? ""}` };
}

/** A restore replaces what a release would migrate; one that was begun before goes on, and the restore waits for it. */
async function whyQueued(
  { namespace, ports, signal }: Look,
  release: string,
  status: Partial<EnvironmentStatus>,
  { underWay, most }: Rollouts,
): Promise<string | undefined> {
  if (underWay.size >= most) return `${release} waits for its turn: the operator performs as many rollouts as it may at once`;
  const backup = status.rollout === undefined ? await restoringBackup(namespace, ports, signal) : undefined;
  return backup === undefined ? undefined : `${release} waits for the restore of the Backup ${backup}`;
}

function queued(message: string): Verdict {
  return { type: "Reconciling", status: "True", reason: "RolloutQueued", message };
}

/** That the API server failed says nothing of the release: however long that lasts, it is tried again soon after its return (B7). */
function pauseAfter(failures: number, { code }: HowdahError): number {
  return isOutage(code) ? FIRST_PAUSE_MS : Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
}

function isOutage(code: ErrorCode): boolean {
  return code === "cluster/unreachable" || code === "cluster/failed" || code === "cluster/expired";
}

type Facts = Pick<EnvironmentStatus, "url" | "release" | "rollout" | "retried" | "replicas" | "selector">;

/** What a status says beside its conditions; no rollout is under way when nobody is at one. */
function factsOf({ url, release, retried, replicas, selector }: Partial<EnvironmentStatus>): Facts {
  return { url, release, retried, replicas, selector };
}

/**
 * Answers whether it serves; what it fails with is said in the status. What serves already, and is only put right, has no failure to tell when somebody
 * changed it meanwhile (`overtaken`, while `patient`), or when the API server fails: that is thrown, for the queue to try again.
 */
async function serve(
  look: Look,
  { release, stalled, limits }: Extract<EnvironmentDecision, { do: "serve" }> & { readonly limits: DatabaseLimits | undefined },
  releases: readonly KubeObject[],
  facts: Facts,
  patient: boolean,
): Promise<"serves" | "overtaken" | "superseded" | HowdahError> {
  const { object, namespace, ports, signal } = look;
  const { name: id } = release.metadata;
  const base = ports.lookPortsFor(namespace, isServing(release));
  const inOrder = oneAfterAnother();
  let known = facts;
  let rollout: Facts["rollout"];
  const tell = async (words: string): Promise<void> => {
    const going: Verdict = { type: "Reconciling", status: "True", reason: "RollingOut", message: `${id} is taken into service${words}` };
    await inOrder(async () => report(look, [...(await readiness(namespace, ports)), going], { ...known, rollout }));
  };
  const [over, superseded] = [new AbortController(), new AbortController()];
  let watching: Promise<void> | undefined;
  const reached = async (step: string): Promise<void> => {
    ports.log("info", "rollout", { namespace, release: id, step });
    rollout = { release: id, step };
    await tell("");
    watching ??= untilSuperseded({ namespace, name: object.metadata.name, rollout: () => rollout }, ports, over.signal).then((end) => {
      if (end === "superseded") superseded.abort();
    });
  };
  const warned = (words: string): void => {
    if (rollout !== undefined) void tell(`; ${words}`).catch(() => undefined); // in the log it is in any case
  };
  const workflow = withSteps(base, id, reached);
  const context: EngineContext = { emit: logged(namespace, id, ports, warned), signal: AbortSignal.any([signal, superseded.signal]) };
  try {
    const built = builtRelease(release);
    known = { ...facts, url: siteUrl(built.site, base.settings) };
    // Images are pulled and a database is made before the journal begins: that takes its time, too.
    if (!isServing(release)) await reached("build");
    const spec = environmentSpec.parse(object["spec"]);
    const { record, released, keepsSessionsApart } = await serveRelease(
      { release: built, replicas: spec.replicas ?? null, limits },
      workflow,
      context,
    );
    const observed = await base.engine.observe(namespace);
    const needed = stalled ?? (keepsSessionsApart ? sessionsApart(id) : null);
    const verdicts = [readyCondition(observed), ...(needed === null ? [] : [needed])];
    const now: Facts = { ...known, url: record.url, release: id, ...replicasOf(built.site, observed) };
    await inOrder(() => report(look, verdicts, now));
    if (released) {
      ports.log("info", "release serves", { namespace, release: id });
      await ports.tell(object, { type: "Normal", reason: "ReleaseServes", message: `${id} serves at ${record.url}` });
    }
    await retire(releases, built.site.releases.keep, look);
    return "serves";
  } catch (error) {
    if (signal.aborted) throw error;
    if (superseded.signal.aborted) return "superseded";
    const named = error instanceof HowdahError ? error : new HowdahError("bug", error instanceof Error ? error.message : String(error));
    if (isServing(release)) {
      if (isOutage(named.code)) throw error;
      if (named.code === "cluster/conflict" && patient) return "overtaken";
    }
    await inOrder(() => failed(look, id, named, known));
    if (named !== error) throw error; // whoever works through the queue logs where it happened
    return named;
  } finally {
    over.abort();
  }
}

/** A release of before, or of a command that knew one pod only: visitors are strangers to every other pod. */
function sessionsApart(id: string): Verdict {
  const message = `Each pod keeps PHP's sessions by itself, so logins don't hold: ${id} has no server for them. \`howdah deploy --context NAME\` makes a release with one`;
  return { type: "Stalled", status: "True", reason: "BuildNeeded", message };
}

async function failed(look: Look, id: string, error: HowdahError, facts: Facts): Promise<void> {
  const { reason, retry } = error.entry;
  const type = retry === "never" ? "Stalled" : "Reconciling";
  const message = `${id}: ${error.message}. ${error.hint}`;
  const verdicts = [...(await readiness(look.namespace, look.ports)), { type, status: "True", reason, message } as const];
  look.ports.log("warn", "release not taken into service", {
    namespace: look.namespace,
    release: id,
    code: error.code,
    error: error.message,
  });
  if (await report(look, verdicts, facts)) await look.ports.tell(look.object, { type: "Warning", reason, message });
}

/** What is known of the pods: while a release comes, and after it failed, the next event says more. */
async function readiness(namespace: string, { observeKnown }: OperatorPorts): Promise<readonly Verdict[]> {
  return [readyCondition(await observeKnown(namespace))];
}

/** What `spec.replicas` means: PHP where nginx has a number of its own. */
function replicasOf(site: Site, { workloads }: Observed): Pick<Facts, "replicas" | "selector"> {
  const component = site.topology === "apart" && site.scale.web !== undefined ? "php" : "web";
  const labels = Object.entries(selectorFor(site, component)).map(([key, value]) => `${key}=${value}`);
  return { replicas: workloads.find(({ name }) => name === component)?.ready ?? 0, selector: labels.toSorted().join(",") };
}

async function report({ object, ports }: Look, verdicts: readonly Verdict[], facts: Facts): Promise<boolean> {
  const generation = object.metadata.generation ?? 1;
  const now = new Date(ports.clock.now()).toISOString();
  // Of the newest status: this look may have written one before.
  const { namespace, name } = object.metadata;
  const current = (await ports.api.get({ resource: resources.Environment, namespace, name })) ?? object;
  const blocked = await ports.whyNoWrites(namespace ?? "");
  const all = blocked === undefined ? verdicts : [...verdicts, { type: "DatabaseWritable", status: "False", ...blocked } as const];
  const conditions = conditionsOf(all, statusOf<EnvironmentStatus>(current).conditions, { generation, now });
  return writeStatus(ports.api, resources.Environment, current, { observedGeneration: generation, conditions, ...facts });
}

/** The journal of a rollout says each step before it begins, and at which one a rollout was left that is finished now: so does the status. */
function withSteps(ports: Ports, release: string, reached: (step: string) => Promise<void>): Ports {
  const { rollouts } = ports;
  return {
    ...ports,
    rollouts: {
      ...rollouts,
      get: async (name) => {
        const left = await rollouts.get(name);
        if (left?.release === release && isPastSwitch(left.step)) await reached(left.step);
        return left;
      },
      put: async (name, journal) => {
        await rollouts.put(name, journal);
        await reached(journal.step);
      },
    },
  };
}

/** `warned`: of what a person may have to mend while it is waited for. */
function logged(
  namespace: string,
  release: string,
  { log }: OperatorPorts,
  warned: (words: string) => void = () => undefined,
): EngineContext["emit"] {
  return (event) => {
    if (event.type === "notice" && event.level === "warning") warned(event.message);
    if (event.type === "notice") log(event.level === "warning" ? "warn" : "info", event.message, { namespace, release });
    if (event.type === "task-failed")
      log("warn", "task failed", { namespace, release, task: event.id, code: event.code, error: event.message });
  };
}

/** Old releases go once the wanted one serves, but for those that environments for development have the images of: a reset makes them anew of these. */
async function retire(releases: readonly KubeObject[], keep: number, { namespace: of, ports, signal }: Look): Promise<void> {
  if (releases.length <= keep) return;
  const { items } = await ports.api.list(resources.Environment, { namespace: of }, signal);
  const wanted = new Set(
    items.flatMap((one) => [(one["spec"] as Partial<EnvironmentSpec>).release, statusOf<EnvironmentStatus>(one).release].filter(isName)),
  );
  for (const { metadata } of releasesToDrop(releases, keep, wanted)) {
    const { name, namespace, uid = "", resourceVersion } = metadata;
    const preconditions = { uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
    await ports.api.delete({ resource: resources.Release, namespace, name }, { preconditions }, signal);
  }
}

function isName(name: string | undefined): name is string {
  return name !== undefined;
}
