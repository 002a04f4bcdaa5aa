import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext } from "../engine.ts";
import type { Lock } from "../lock.ts";
import { collectGarbage } from "./collect-garbage.ts";
import { type Healer, healPod, lookAtPod } from "./heal-pod.ts";
import type { Machine } from "./machine.ts";
import { label } from "./names.ts";
import { AGENT_COMMAND } from "./namespace-lock.ts";
import { goBackToSleep, mainsThatRun } from "./idle.ts";
import { ensureNetwork, joinNetworks } from "./networks.ts";
import { type FoundPod, findPods, maskSecrets, podNames, removePod, runs, stopPod, type Workload } from "./pods.ts";
import { ProbeMemory } from "./probe-memory.ts";
import { isReady, type ReadyMark } from "./ready-marks.ts";
import { podsWithJobs, retire } from "./retire.ts";
import { progressOf } from "./roll-workload.ts";
import { wantedWorkloads, workloads } from "./scale.ts";
import { type NamespaceState, objectsOf, withObject } from "./state-store.ts";

/** The way in and the firewall are looked after even when no pod changed, once in so many passes. */
const PASSES_PER_EDGE_CHECK = 5;
const PASSES_PER_GARBAGE_COLLECTION = 30;

/**
 * Makes the pass that brings back what should run. Level-based: it compares what podman lists with what was applied, whatever happened.
 * It remembers between passes only probes' counts and backoff.
 */
export function healer(machine: Machine, lock: Lock): (context: EngineContext) => Promise<readonly string[]> {
  const self: Healer = {
    machine,
    lock,
    probes: new ProbeMemory(machine.clock),
    backoff: new Map(),
    masked: new Set(),
    told: new Set(),
    passes: 0,
  };
  return async (context) => {
    const did: string[] = [];
    // First: after a reboot nothing may start on a network that is not closed.
    if (self.passes % PASSES_PER_EDGE_CHECK === 0 && (await attempted("networks", () => machine.firewall.sync(), context)) === true)
      did.push("closed the networks to one another again");
    const all = await findPods(machine);
    forgetOthers(self, all);
    const pods = Map.groupBy(all, (pod) => pod.namespace);
    const marks = await machine.marks.all();
    for (const namespace of await machine.store.namespaces()) {
      context.signal.throwIfAborted();
      const work = () => healNamespace(self, { namespace, pods: pods.get(namespace) ?? [], marks }, context);
      did.push(...((await attempted(namespace, work, context)) ?? []));
    }
    if (self.passes % PASSES_PER_GARBAGE_COLLECTION === PASSES_PER_GARBAGE_COLLECTION - 1) await collect(self, context);
    if (did.length > 0 || self.passes % PASSES_PER_EDGE_CHECK === 0) tellNew(self, await machine.refreshEdge(), context);
    self.passes += 1;
    return did;
  };
}

function forgetOthers(self: Healer, pods: readonly FoundPod[]): void {
  const processes = new Set(pods.flatMap((pod) => pod.containers.map((one) => `${one.name}:${one.pid}`)));
  self.probes.keepOnly(processes);
  for (const one of self.masked) if (!processes.has(one)) self.masked.delete(one);
}

/** Sites that the way in had to leave out: said once, not every pass. */
function tellNew(self: Healer, problems: readonly string[], context: EngineContext): void {
  for (const message of problems) if (!self.told.has(message)) context.emit({ type: "notice", level: "warning", message });
  self.told = new Set(problems);
}

async function collect(self: Healer, context: EngineContext): Promise<void> {
  for (const namespace of await self.machine.store.namespaces()) {
    await attempted(namespace, () => locked(self, namespace, () => collectGarbage(self.machine, namespace)), context);
  }
}

async function locked<T>(self: Healer, namespace: string, work: () => Promise<T>): Promise<T> {
  const lock = await self.lock(namespace, AGENT_COMMAND);
  try {
    return await work();
  } finally {
    await lock.release();
  }
}

/** One namespace's trouble, whatever it is, must not keep the others from being healed: it becomes a notice. */
async function attempted<T>(namespace: string, work: () => Promise<T>, context: EngineContext): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof HowdahError && error.code === "machine/busy") return undefined; // a command is at it: its turn
    const message = error instanceof Error ? error.message : String(error);
    context.emit({ type: "notice", level: "warning", message: `${namespace}: ${message}` });
    return undefined;
  }
}

/** What a pass sees of a namespace before it locks anything. */
interface Seen {
  readonly namespace: string;
  readonly pods: readonly FoundPod[];
  readonly marks: ReadonlyMap<string, ReadyMark>;
}

async function healNamespace(self: Healer, seen: Seen, context: EngineContext): Promise<string[]> {
  const { namespace, pods } = seen;
  const state = await self.machine.store.read(namespace);
  if (workloads(state).length === 0 && pods.length === 0) return [];
  if (!(await needsHealing(self, state, seen))) return [];
  // Read again: a command may have finished between the look and the lock.
  return locked(self, namespace, async () => healLocked(self, namespace, await findPods(self.machine, namespace), context));
}

/** A cheap look without the lock. */
async function needsHealing(self: Healer, state: NamespaceState, { namespace, pods, marks }: Seen): Promise<boolean> {
  if (state.down) return pods.length > 0;
  if (state.idle !== undefined) return mainsThatRun(pods).length > 0;
  if (Object.values(state.objects).some((object) => !object.settled)) return true;
  if (objectsOf(state, "NetworkPolicy").length > 0 && self.passes % PASSES_PER_EDGE_CHECK === 0) return true;
  const wanted = wantedWorkloads(state).flatMap((workload) => podNames(self.machine, namespace, workload));
  if (wanted.length !== pods.length || pods.some((pod) => !wanted.includes(pod.name))) return true;
  if (pods.some((pod) => !runs(pod))) return true;
  await maskNew(self, state, pods);
  for (const pod of pods) {
    const mark = marks.get(pod.name);
    if (mark === undefined) return true;
    const wasReady = isReady(mark);
    const health = await lookAtPod(self, state, pod, { address: mark.address, wasReady });
    if (health.ready !== wasReady || health.dead.length > 0) return true;
  }
  return false;
}

/** conmon restarts a container while nothing of ours runs; then podman has written its secrets into its configuration again. */
async function maskNew(self: Healer, state: NamespaceState, pods: readonly FoundPod[]): Promise<void> {
  for (const pod of pods) {
    const processes = pod.containers.filter((one) => one.labels[label.secrets] !== undefined).map((one) => `${one.name}:${one.pid}`);
    const workload = workloads(state).find((one) => one.metadata.name === pod.workload);
    if (workload === undefined || processes.every((one) => self.masked.has(one))) continue;
    await maskSecrets(self.machine, pod.name, workload.spec.template);
    for (const one of processes) self.masked.add(one);
  }
}

async function healLocked(self: Healer, namespace: string, pods: readonly FoundPod[], context: EngineContext): Promise<string[]> {
  const { machine } = self;
  const state = await machine.store.read(namespace);
  if (state.down) {
    for (const pod of pods) {
      await stopPod(machine, pod);
      await removePod(machine, pod.name);
    }
    return pods.map((pod) => `removed ${pod.name}, which \`howdah down\` had stopped`);
  }
  if (state.idle !== undefined) return goBackToSleep(machine, pods);
  await ensureNetwork(machine, namespace);
  const did: string[] = [];
  for (const workload of wantedWorkloads(state)) did.push(...(await healWorkload(self, namespace, workload, pods, context)));
  const unasked = pods.filter((one) => !wantedWorkloads(state).some((workload) => workload.metadata.name === one.workload));
  const busy = await podsWithJobs(machine, unasked);
  for (const pod of unasked.filter((one) => !busy.includes(one))) {
    await stopPod(machine, pod);
    await removePod(machine, pod.name);
    did.push(`removed ${pod.name}, which nothing asks for`);
  }
  await joinNetworks(machine, namespace);
  return did;
}

async function healWorkload(
  self: Healer,
  namespace: string,
  workload: Workload,
  all: readonly FoundPod[],
  context: EngineContext,
): Promise<string[]> {
  const wanted = podNames(self.machine, namespace, workload);
  const own = new Map(all.filter((pod) => pod.workload === workload.metadata.name).map((pod) => [pod.name, pod]));
  const marks = await self.machine.marks.all();
  const did: string[] = [];
  let ready = 0;
  for (const [replica, name] of wanted.entries()) {
    const one = await healPod(self, { namespace, workload, replica, name, found: own.get(name), mark: marks.get(name) });
    did.push(...one.did);
    if (one.ready) ready += 1;
  }
  const others = [...own.values()].filter((pod) => !wanted.includes(pod.name));
  // Leftovers of a killed command may be the ones that serve: they go only when the wanted ones do.
  const mayRetire = ready === wanted.length || (workload.kind === "StatefulSet" && others.every((pod) => !runs(pod)));
  if (!mayRetire) return did;
  const key = `${workload.kind}/${workload.metadata.name}` as const;
  if (others.length > 0) {
    const busy = await retire(self.machine, namespace, workload, others, progressOf(context, key));
    did.push(...others.filter((pod) => !busy.includes(pod)).map((pod) => `removed ${pod.name}, which was replaced`));
  }
  await settle(self.machine, namespace, key);
  return did;
}

async function settle(machine: Machine, namespace: string, key: `Deployment/${string}` | `StatefulSet/${string}`): Promise<void> {
  const applied = (await machine.store.read(namespace)).objects[key];
  if (applied === undefined || applied.settled) return;
  const { digest, object } = applied;
  await machine.store.change(namespace, (state) => withObject(state, { key, digest, object }, true));
}
