import { HowdahError } from "../../kernel/howdah-error.ts";
import { RETRY_ANNOTATION } from "../../kernel/label.ts";
import type { KubeObject, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resources } from "../../kubernetes/resources.ts";
import { readyCondition } from "../../observe/conditions.ts";
import type { Observed } from "../../observe/observed.ts";
import { selectorFor } from "../../render/labels.ts";
import { type EnvironmentStatus, environmentSpec } from "../../resources/schema/environment.ts";
import type { ReleaseStatus } from "../../resources/schema/release.ts";
import type { Site } from "../../site/site.ts";
import { builtRelease } from "../../workflows/cluster/release-resource.ts";
import { serveRelease } from "../../workflows/cluster/serve-release.ts";
import type { EngineContext, Ports } from "../../workflows/ports.ts";
import { siteUrl } from "../../workflows/up/site-url.ts";
import type { OperatorPorts, Outcome, Reconcile } from "../operator-ports.ts";
import { conditionsOf, statusOf, type Verdict, writeStatus } from "../status.ts";
import { decideEnvironment, type EnvironmentDecision, releasesToDrop } from "./decide-environment.ts";

/** Takes what serves away before an environment goes; its volumes, secrets, database and releases stay. */
export const ENVIRONMENT_FINALIZER = "howdah.dev/take-down";

/** One look at an environment. */
interface Look {
  readonly object: KubeObject;
  readonly namespace: string;
  readonly ports: OperatorPorts;
  readonly signal: AbortSignal;
}

/** After a failure the next try comes after 10 s, then later each time, up to five minutes: whatever changes meanwhile. */
const FIRST_PAUSE_MS = 10_000;
const LONGEST_PAUSE_MS = 300_000;

/** What is not watched (secrets, databases) is looked at as often. */
const RESYNC_MS = 900_000;

/** The last failures of an environment: of which release, how many, and when it may be tried again. */
export interface Pause {
  readonly release: string;
  readonly failures: number;
  readonly until: number;
}

/** Brings environments to the releases that are wanted, and says in their status what they serve. `pauses`: by namespace. */
export function reconcileEnvironment(ports: OperatorPorts, pauses = new Map<string, Pause>()): Reconcile {
  return async ({ namespace = "", name }, signal) => {
    const place: ObjectName = { resource: resources.Environment, namespace, name };
    const object = await ports.api.get(place, signal);
    if (object === undefined) return {};
    const look: Look = { object, namespace, ports, signal };
    if (object.metadata.deletionTimestamp !== undefined) return takeDown(look);
    if (await isTerminating(namespace, ports, signal)) return {};
    await hold(look);
    const { items: releases } = await ports.api.list(resources.Release, { namespace }, signal);
    const status = statusOf<EnvironmentStatus>(object);
    const retry = object.metadata.annotations?.[RETRY_ANNOTATION];
    const decision = decideEnvironment({ spec: environmentSpec.parse(object["spec"]), status, retry, releases });
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
    const served = await serve(look, decision, releases, { ...factsOf(status), ...retried });
    if (served) {
      pauses.delete(namespace);
      return { again: RESYNC_MS };
    }
    const failures = pause?.release === release ? pause.failures + 1 : 1;
    const again = Math.min(FIRST_PAUSE_MS * 2 ** (failures - 1), LONGEST_PAUSE_MS);
    pauses.set(namespace, { release, failures, until: ports.clock.now() + again });
    return { again };
  };
}

type Facts = Pick<EnvironmentStatus, "url" | "release" | "rollout" | "retried" | "replicas" | "selector">;

/** What a status says beside its conditions; no rollout is under way when nobody is at one. */
function factsOf({ url, release, retried, replicas, selector }: Partial<EnvironmentStatus>): Facts {
  return { url, release, retried, replicas, selector };
}

/** Answers whether it serves; what it fails with is said in the status. */
async function serve(
  look: Look,
  { release, stalled }: Extract<EnvironmentDecision, { do: "serve" }>,
  releases: readonly KubeObject[],
  facts: Facts,
): Promise<boolean> {
  const { object, namespace, ports, signal } = look;
  const { name: id } = release.metadata;
  const base = ports.portsFor(namespace);
  let known = facts;
  const reached = async (step: string): Promise<void> => {
    ports.log("info", "rollout", { namespace, release: id, step });
    const message = `${id} is taken into service`;
    const going: Verdict = { type: "Reconciling", status: "True", reason: "RollingOut", message };
    await report(look, [...(await readiness(namespace, ports)), going], { ...known, rollout: { release: id, step } });
  };
  const workflow = withSteps(base, reached);
  const context: EngineContext = { emit: logged(namespace, id, ports), signal };
  try {
    const built = builtRelease(release);
    known = { ...facts, url: siteUrl(built.site, base.settings) };
    // Images are pulled and a database is made before the journal begins: that takes its time, too.
    if (statusOf<ReleaseStatus>(release).state !== "serving") await reached("build");
    const spec = environmentSpec.parse(object["spec"]);
    const { record, released } = await serveRelease({ release: built, replicas: spec.replicas ?? null }, workflow, context);
    const observed = await base.engine.observe(namespace);
    const verdicts = [readyCondition(observed), ...(stalled === null ? [] : [stalled])];
    const now: Facts = { ...known, url: record.url, release: id, ...replicasOf(built.site, observed) };
    await report(look, verdicts, now);
    if (released) {
      ports.log("info", "release serves", { namespace, release: id });
      await ports.tell(object, { type: "Normal", reason: "ReleaseServes", message: `${id} serves at ${record.url}` });
    }
    await retire(releases, built.site.releases.keep, spec.release, look);
    return true;
  } catch (error) {
    if (signal.aborted) throw error;
    const named = error instanceof HowdahError ? error : new HowdahError("bug", error instanceof Error ? error.message : String(error));
    await failed(look, id, named, known);
    if (named !== error) throw error; // whoever works through the queue logs where it happened
    return false;
  }
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
  const conditions = conditionsOf(verdicts, statusOf<EnvironmentStatus>(current).conditions, { generation, now });
  return writeStatus(ports.api, resources.Environment, current, { observedGeneration: generation, conditions, ...facts });
}

/** The journal of a rollout says each step before it begins: so does the status. */
function withSteps(ports: Ports, reached: (step: string) => Promise<void>): Ports {
  const { rollouts } = ports;
  return {
    ...ports,
    rollouts: {
      ...rollouts,
      put: async (name, journal) => {
        await rollouts.put(name, journal);
        await reached(journal.step);
      },
    },
  };
}

function logged(namespace: string, release: string, { log }: OperatorPorts): EngineContext["emit"] {
  return (event) => {
    if (event.type === "notice") log(event.level === "warning" ? "warn" : "info", event.message, { namespace, release });
    if (event.type === "task-failed")
      log("warn", "task failed", { namespace, release, task: event.id, code: event.code, error: event.message });
  };
}

async function hold({ object, ports, signal }: Look): Promise<void> {
  const { name, namespace, finalizers = [], resourceVersion } = object.metadata;
  if (finalizers.includes(ENVIRONMENT_FINALIZER)) return;
  const metadata = { resourceVersion, finalizers: [...finalizers, ENVIRONMENT_FINALIZER] };
  await ports.api.mergePatch({ resource: resources.Environment, namespace, name }, { metadata }, {}, signal);
}

async function takeDown({ object, namespace, ports, signal }: Look): Promise<Outcome> {
  const { name, finalizers = [] } = object.metadata;
  if (!finalizers.includes(ENVIRONMENT_FINALIZER)) return {};
  // A namespace that a person deletes takes everything along, and lets nothing be written any more.
  if (!(await isTerminating(namespace, ports, signal))) {
    const { engine, locks } = ports.portsFor(namespace);
    await locks.hold(namespace, "take down", () => engine.remove(namespace, { emit: () => undefined, signal }));
  }
  const place: ObjectName = { resource: resources.Environment, namespace, name };
  const current = await ports.api.get(place, signal);
  if (current === undefined) return {};
  const metadata = {
    resourceVersion: current.metadata.resourceVersion,
    finalizers: (current.metadata.finalizers ?? []).filter((one) => one !== ENVIRONMENT_FINALIZER),
  };
  await ports.api.mergePatch(place, { metadata }, {}, signal);
  ports.log("info", "environment taken down, its data stays", { namespace });
  return {};
}

async function isTerminating(namespace: string, { api }: OperatorPorts, signal: AbortSignal): Promise<boolean> {
  const found = await api.get({ resource: resources.Namespace, namespace: undefined, name: namespace }, signal);
  return found?.metadata.deletionTimestamp !== undefined;
}

/** Old releases go once the wanted one serves. */
async function retire(releases: readonly KubeObject[], keep: number, wanted: string | undefined, { ports, signal }: Look): Promise<void> {
  for (const { metadata } of releasesToDrop(releases, keep, wanted)) {
    const { name, namespace, uid = "", resourceVersion } = metadata;
    const preconditions = { uid, ...(resourceVersion === undefined ? {} : { resourceVersion }) };
    await ports.api.delete({ resource: resources.Release, namespace, name }, { preconditions }, signal);
  }
}
