import { HowdahError } from "../../kernel/howdah-error.ts";
import type { Use } from "../../observe/use.ts";
import type { AnyProbe } from "../../render/objects.ts";
import type { EngineContext, Visitor } from "../engine.ts";
import type { Lock } from "../lock.ts";
import { execIn } from "./await-ready.ts";
import { isConnectedTo } from "./connections.ts";
import { addressesOf, idleAfterSeconds } from "./edge-routes.ts";
import type { Machine } from "./machine.ts";
import { label } from "./names.ts";
import { AGENT_COMMAND } from "./namespace-lock.ts";
import { requireAwake } from "./podman-jobs.ts";
import { type FoundPod, findPods, maskSecrets, podNames, type Workload } from "./pods.ts";
import { probeOnce } from "./probe.ts";
import { scaleUp, workloads } from "./scale.ts";
import { awake, type NamespaceState } from "./state-store.ts";

/** Most pods serve within a second; one that does not is waited for as at any other start. */
const QUICK_MS = 10_000;
const POLL_MS = 20;
/** Requests that came before the way in changed are answered first. One that takes longer keeps the site awake, unless a person wants it to sleep. */
const DRAIN_MS = 3000;
const FORCED_MS = 10_000;
/** How long waking may take; a command waits 60 s for the agent's lock. */
const WAKE_MS = 50_000;
/** Whoever is no visitor has so long to begin what it woke the site for. */
const AWAKE_MS = 60_000;
/** How long a command (an `up`) may have the namespace before a wake gives up. */
const LOCK_WAIT_MS = 120_000;
/** The way in follows when the first page has had the processor for itself. */
const EDGE_AFTER_MS = 1000;

/** How a namespace is used. */
export async function useOf(machine: Machine, namespace: string): Promise<Use> {
  const state = await machine.store.read(namespace);
  const after = idleAfterSeconds(state);
  // Of one that never sleeps nobody asks; nothing is written for it.
  const lastUse = after === null ? machine.clock.now() : await machine.visits.last(namespace);
  return { idleAfterSeconds: after, lastUse, state: stateOf(state) };
}

function stateOf(state: NamespaceState): Use["state"] {
  if (state.down) return "down";
  if (state.idle !== undefined) return "asleep";
  if (state.held !== undefined) return "changing";
  return Object.values(state.objects).every((object) => object.settled) ? "running" : "changing";
}

/**
 * Puts a namespace to sleep. Its containers are stopped and stay, with what holds the pods' networks: 0.5 MiB for each pod, and waking is
 * one call of podman. The way in changes first, so that a visitor who comes now is held instead of failing.
 */
export async function sleepNamespace(
  machine: Machine,
  namespace: string,
  force: boolean,
  context: EngineContext,
): Promise<string | undefined> {
  const before = await machine.store.read(namespace);
  if (stateOf(before) === "asleep") return undefined;
  const reason = await whyNot(machine, namespace, before, force);
  if (reason !== undefined) return reason;
  context.signal.throwIfAborted();
  const since = new Date(machine.clock.now()).toISOString();
  await machine.store.change(namespace, (state) => ({ ...state, idle: { since } }));
  try {
    await machine.refreshEdge();
  } catch (error) {
    await machine.store.change(namespace, awake);
    throw error;
  }
  const answered = await isLetGo(machine, namespace, force ? FORCED_MS : DRAIN_MS);
  if (!answered && !force) {
    await machine.store.change(namespace, awake);
    await machine.refreshEdge();
    return "a connection to it is open";
  }
  await goBackToSleep(machine, await findPods(machine, namespace));
  return undefined;
}

/**
 * Waits until the edge has no connection to a namespace's pods; false after the patience. Its new processes lead nobody there, and the
 * former keep no idle connection: what is left is a request that takes long, or a WebSocket.
 */
async function isLetGo(machine: Machine, namespace: string, patienceMs: number): Promise<boolean> {
  const marks = [...(await machine.marks.all()).values()].filter((mark) => mark.namespace === namespace);
  const addresses = new Set(marks.map((mark) => mark.address));
  const until = machine.clock.now() + patienceMs;
  while (await isConnectedTo(addresses)) {
    if (machine.clock.now() >= until) return false;
    await machine.clock.sleep(50);
  }
  return true;
}

async function whyNot(machine: Machine, namespace: string, state: NamespaceState, force: boolean): Promise<string | undefined> {
  if (workloads(state).length === 0) return "nothing of it runs";
  if (state.down) return "it is stopped";
  if (stateOf(state) === "changing") return "a change of it has not settled yet";
  return force ? undefined : occupied(machine, namespace, state);
}

/** What goes on in a namespace that is no visit: a program that somebody or a cron runs in it. */
async function occupied(machine: Machine, namespace: string, state: NamespaceState): Promise<string | undefined> {
  const pods = new Set(workloads(state).flatMap((workload) => podNames(machine, namespace, workload)));
  if ((await machine.jobs.runningIn(pods)).length > 0) return "a cron runs";
  const containers = await machine.podman.list({ [label.instance]: machine.names.instance, [label.namespace]: namespace });
  const running = containers.filter((container) => container.state === "running" && !container.isInfra);
  if (running.some((container) => container.labels[label.role] === "once")) return "a one-off program of it runs";
  if (running.length === 0) return undefined;
  const names = running.map((container) => container.name);
  const { stdout } = await machine.podman.run(["container", "inspect", "--format", "{{len .ExecIDs}}", ...names], { accept: "any" });
  return stdout.split("\n").some((count) => Number(count) > 0) ? "a program runs in one of its containers" : undefined;
}

/** Containers of the site's own that run. */
export function mainsThatRun(pods: readonly FoundPod[]): string[] {
  return pods.flatMap((pod) => pod.containers.filter((container) => container.state === "running").map((container) => container.name));
}

/** Ends what runs of a namespace that sleeps: as it fell asleep, and when whoever woke it was killed. Answers what it did. */
export async function goBackToSleep(machine: Machine, pods: readonly FoundPod[]): Promise<string[]> {
  const names = mainsThatRun(pods);
  if (names.length > 0) await machine.podman.run(["stop", "--ignore", ...names], { accept: "any" });
  // As with a pod that ends: what it kept in memory is freed, and the next start finds nothing of the former.
  for (const pod of pods) await machine.volumes.empty(pod.name);
  return names.map((name) => `stopped ${name}, which sleeps`);
}

/** Wakes a namespace; see the port. Commands that come second wait for the agent's lock, so this one is called like the agent. */
export async function ensureAwake(
  { machine, lock }: { readonly machine: Machine; readonly lock: Lock },
  namespace: string,
  context: EngineContext,
  visitor?: Visitor,
): Promise<readonly string[]> {
  const before = await machine.store.read(namespace);
  requireAwake(namespace, before);
  if (stateOf(before) !== "asleep") {
    await countUse(machine, namespace, before, visitor);
    return addresses(machine, namespace, before);
  }
  const held = await lock(namespace, AGENT_COMMAND, { waitMs: LOCK_WAIT_MS, signal: context.signal });
  try {
    const state = await machine.store.read(namespace);
    requireAwake(namespace, state);
    return stateOf(state) === "asleep" ? await wake(machine, namespace, context, visitor) : await addresses(machine, namespace, state);
  } finally {
    await held.release();
  }
}

async function wake(machine: Machine, namespace: string, context: EngineContext, visitor?: Visitor): Promise<readonly string[]> {
  const before = await machine.store.read(namespace);
  // A site that never gets ready must not keep commands from its lock that could mend it.
  const tooLate = AbortSignal.timeout(WAKE_MS);
  const bounded: EngineContext = { ...context, signal: AbortSignal.any([context.signal, tooLate]) };
  let quick: boolean;
  try {
    quick = await startQuickly(machine, namespace, before, bounded);
    if (!quick) await scaleUp(machine, namespace, bounded);
  } catch (error) {
    if (context.signal.aborted) throw error;
    const named = tooLate.aborted
      ? new HowdahError("engine/not-ready", `It did not serve within ${WAKE_MS / 1000} seconds`, { cause: error })
      : error;
    await rememberFailure(machine, namespace, named);
    throw named;
  }
  if (quick) await machine.store.change(namespace, awake);
  await countUse(machine, namespace, before, visitor);
  const woken = await addresses(machine, namespace, before);
  visitor?.serving(woken);
  if (!quick) return woken;
  if (visitor !== undefined) await machine.clock.sleep(EDGE_AFTER_MS);
  await maskAll(machine, namespace, before);
  await machine.refreshEdge();
  return woken;
}

/** A cron that wakes a site must not keep it awake as a visit does: with one every ten minutes it would never sleep. */
async function countUse(machine: Machine, namespace: string, state: NamespaceState, visitor: Visitor | undefined): Promise<void> {
  const after = idleAfterSeconds(state);
  if (after === null) return;
  const shorter = visitor === undefined ? Math.max(0, after * 1000 - AWAKE_MS) : 0;
  await machine.visits.touch(namespace, machine.clock.now() - shorter);
}

async function addresses(machine: Machine, namespace: string, state: NamespaceState): Promise<string[]> {
  return addressesOf(namespace, awake(state), (await machine.marks.all()).values());
}

async function rememberFailure(machine: Machine, namespace: string, error: unknown): Promise<void> {
  const last = error instanceof HowdahError ? error.output.findLast((line) => line.trim() !== "") : undefined;
  const failure = [error instanceof Error ? error.message : String(error), last].filter((text) => text !== undefined).join(": ");
  const since = new Date(machine.clock.now()).toISOString();
  await machine.store.change(namespace, (state) => ({ ...state, idle: { since: state.idle?.since ?? since, failure } }));
}

/** A pod that slept, and where it will answer. */
interface Sleeping {
  readonly pod: string;
  readonly workload: Workload;
  readonly address: string;
}

/**
 * Starts the containers as they are, side by side, and waits until their probes pass. Answers false when that can't be: after a
 * reboot, or when something is missing or does not get ready; then pods are made and watched as at any start, which also gives the reason.
 */
async function startQuickly(machine: Machine, namespace: string, state: NamespaceState, context: EngineContext): Promise<boolean> {
  const pods = await sleepingPods(machine, namespace, state);
  if (pods === undefined) return false;
  const names = pods.flatMap(({ pod, workload }) =>
    workload.spec.template.spec.containers.map((container) => machine.names.container(pod, container.name)),
  );
  const started = await Promise.all(names.map((name) => machine.podman.run(["start", name], { accept: "any" })));
  if (started.some(({ code }) => code !== 0)) return false;
  const until = machine.clock.now() + QUICK_MS;
  const due = pods.flatMap((pod) => probesOf(machine, pod));
  while (due.length > 0) {
    const [first] = due;
    const passed = await first?.();
    if (passed === true) due.shift();
    else if (machine.clock.now() > until) return false;
    else await machine.clock.sleep(POLL_MS, context.signal);
  }
  return true;
}

/** The pods that are wanted, when what holds their networks has run all the time. */
async function sleepingPods(machine: Machine, namespace: string, state: NamespaceState): Promise<Sleeping[] | undefined> {
  const marks = await machine.marks.all();
  const found: Sleeping[] = [];
  for (const workload of workloads(state)) {
    if (workload.spec.template.spec.initContainers.length > 0) return undefined;
    for (const pod of podNames(machine, namespace, workload)) {
      const mark = marks.get(pod);
      if (mark === undefined) return undefined;
      found.push({ pod, workload, address: mark.address });
    }
  }
  return found;
}

/** One question for each probe. A container without one is not waited for: who needs it asks it (nginx' readiness asks PHP-FPM). */
function probesOf(machine: Machine, { pod, workload, address }: Sleeping): (() => Promise<boolean>)[] {
  return workload.spec.template.spec.containers.flatMap((container) => {
    const probes = [container.startupProbe, container.readinessProbe].filter((probe): probe is AnyProbe => probe !== undefined);
    const exec = (command: readonly string[], timeoutMs: number): Promise<number> =>
      execIn(machine, machine.names.container(pod, container.name), command, timeoutMs);
    return probes.map((probe) => async () => (await probeOnce(probe, address, exec)).ok);
  });
}

/** Podman has written the secrets into the containers' configuration again. */
async function maskAll(machine: Machine, namespace: string, state: NamespaceState): Promise<void> {
  for (const workload of workloads(state)) {
    for (const pod of podNames(machine, namespace, workload)) await maskSecrets(machine, pod, workload.spec.template);
  }
}
