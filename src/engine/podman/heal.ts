import { HowdahError } from "../../kernel/howdah-error.ts";
import type { EngineContext } from "../engine.ts";
import type { Lock } from "../lock.ts";
import { execIn } from "./await-ready.ts";
import { collectGarbage } from "./collect-garbage.ts";
import type { Machine } from "./machine.ts";
import { label } from "./names.ts";
import { AGENT_COMMAND } from "./namespace-lock.ts";
import { ensureNetwork, joinNetworks } from "./networks.ts";
import {
  createPod,
  type FoundPod,
  findPods,
  maskSecrets,
  planPod,
  removePod,
  startPod,
  stopPod,
  templateDigest,
  type Workload,
} from "./pods.ts";
import { ProbeMemory } from "./probe-memory.ts";
import { markReady, retire } from "./roll-workload.ts";
import { workloads } from "./scale.ts";
import { type NamespaceState, objectsOf, withObject } from "./state-store.ts";

/** Restarts of a pod that keeps falling come at most this far apart, as in Kubernetes. */
const MAX_BACKOFF_MS = 300_000;
/** The way in is looked after even when no pod changed, once in so many passes. */
const PASSES_PER_EDGE_CHECK = 5;
const PASSES_PER_GARBAGE_COLLECTION = 30;

interface Healer {
  readonly machine: Machine;
  readonly lock: Lock;
  readonly probes: ProbeMemory;
  readonly backoff: Map<string, { failures: number; notBefore: number }>;
  passes: number;
}

/**
 * Makes the pass that brings back what should run. Level-based: it compares what podman lists with what was applied, whatever happened.
 * It remembers between passes only probes' counts and backoff.
 */
export function healer(machine: Machine, lock: Lock): (context: EngineContext) => Promise<readonly string[]> {
  const self: Healer = { machine, lock, probes: new ProbeMemory(machine.clock), backoff: new Map(), passes: 0 };
  return async (context) => {
    const did: string[] = [];
    const pods = Map.groupBy(await findPods(machine), (pod) => pod.namespace);
    for (const namespace of await machine.store.namespaces()) {
      context.signal.throwIfAborted();
      const problem = await tryHeal(self, namespace, pods.get(namespace) ?? [], context, did);
      if (problem !== undefined) context.emit({ type: "notice", level: "warning", message: `${namespace}: ${problem}` });
    }
    if (self.passes % PASSES_PER_GARBAGE_COLLECTION === PASSES_PER_GARBAGE_COLLECTION - 1) await collect(self);
    if (did.length > 0 || self.passes % PASSES_PER_EDGE_CHECK === 0) await machine.refreshEdge();
    self.passes += 1;
    return did;
  };
}

async function collect(self: Healer): Promise<void> {
  for (const namespace of await self.machine.store.namespaces()) {
    const lock = await self.lock(namespace, AGENT_COMMAND).catch(() => undefined);
    try {
      if (lock !== undefined) await collectGarbage(self.machine, namespace);
    } finally {
      await lock?.release();
    }
  }
}

/** One namespace's trouble must not keep the others from being healed. */
async function tryHeal(
  self: Healer,
  namespace: string,
  pods: readonly FoundPod[],
  context: EngineContext,
  did: string[],
): Promise<string | undefined> {
  try {
    did.push(...(await healNamespace(self, namespace, pods, context)));
    return undefined;
  } catch (error) {
    if (!(error instanceof HowdahError)) throw error;
    return error.code === "machine/busy" ? undefined : error.message;
  }
}

async function healNamespace(self: Healer, namespace: string, pods: readonly FoundPod[], context: EngineContext): Promise<string[]> {
  const state = await self.machine.store.read(namespace);
  if (workloads(state).length === 0 && pods.length === 0) return [];
  if (!(await needsHealing(self, state, pods))) return [];
  const lock = await self.lock(namespace, AGENT_COMMAND);
  try {
    // Read again: a command may have finished between the look and the lock.
    return await healLocked(self, namespace, await findPods(self.machine, namespace), context);
  } finally {
    await lock.release();
  }
}

/** A cheap look without the lock. */
async function needsHealing(self: Healer, state: NamespaceState, pods: readonly FoundPod[]): Promise<boolean> {
  if (state.down) return pods.length > 0;
  if (Object.values(state.objects).some((object) => !object.settled)) return true;
  if (objectsOf(state, "NetworkPolicy").length > 0 && self.passes % PASSES_PER_EDGE_CHECK === 0) return true;
  const wanted = workloads(state).flatMap((workload) => wantedPods(self.machine, pods[0]?.namespace ?? "", workload));
  if (wanted.length !== pods.length || pods.some((pod) => !wanted.includes(pod.name))) return true;
  if (pods.some((pod) => !runs(pod))) return true;
  const marks = await self.machine.marks.all();
  for (const pod of pods) {
    const mark = marks.get(pod.name);
    if (mark === undefined) return true;
    const health = await lookAtPod(self, state, pod, { address: mark.address, wasReady: true });
    if (!health.ready || health.dead.length > 0) return true;
  }
  return false;
}

function wantedPods(machine: Machine, namespace: string, workload: Workload): string[] {
  const digest = templateDigest(workload.spec.template);
  return Array.from({ length: workload.spec.replicas }, (_, replica) =>
    machine.names.pod(namespace, workload.metadata.name, digest, replica),
  );
}

function runs(pod: FoundPod): boolean {
  const main = pod.containers.filter((container) => container.labels[label.role] === "main");
  return pod.infra?.state === "running" && main.length > 0 && main.every((container) => container.state === "running");
}

interface PodHealth {
  readonly ready: boolean;
  /** Containers to restart. */
  readonly dead: readonly string[];
  readonly why: string;
}

async function lookAtPod(
  self: Healer,
  state: NamespaceState,
  pod: FoundPod,
  at: { readonly address: string; readonly wasReady: boolean },
): Promise<PodHealth> {
  const workload = workloads(state).find((one) => one.metadata.name === pod.workload);
  const health = await Promise.all(
    (workload?.spec.template.spec.containers ?? []).map(async (container) => {
      const found = pod.containers.find((one) => one.labels[label.container] === container.name);
      if (found === undefined) return { name: "", ready: false, dead: false, why: `${container.name} is missing` };
      const exec = (command: readonly string[], timeoutMs: number): Promise<number> => execIn(self.machine, found.name, command, timeoutMs);
      const seen = await self.probes.look(`${found.name}:${found.pid}`, container, { ...at, exec });
      return { name: found.name, ...seen };
    }),
  );
  return {
    ready: health.every((one) => one.ready),
    dead: health.filter((one) => one.dead).map((one) => one.name),
    why: health.find((one) => one.why !== "")?.why ?? "",
  };
}

async function healLocked(self: Healer, namespace: string, pods: readonly FoundPod[], context: EngineContext): Promise<string[]> {
  const { machine } = self;
  const state = await machine.store.read(namespace);
  if (state.down) {
    for (const pod of pods) {
      await stopPod(machine, pod.name);
      await removePod(machine, pod.name);
    }
    return pods.map((pod) => `removed ${pod.name}, which \`howdah down\` had stopped`);
  }
  await ensureNetwork(machine, namespace);
  const did: string[] = [];
  for (const workload of workloads(state)) did.push(...(await healWorkload(self, namespace, workload, pods, context)));
  for (const pod of pods.filter((one) => !workloads(state).some((workload) => workload.metadata.name === one.workload))) {
    await stopPod(machine, pod.name);
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
  const wanted = wantedPods(self.machine, namespace, workload);
  const own = new Map(all.filter((pod) => pod.workload === workload.metadata.name).map((pod) => [pod.name, pod]));
  const did: string[] = [];
  let ready = 0;
  for (const [replica, name] of wanted.entries()) {
    const one = await healPod(self, { namespace, workload, replica, name, found: own.get(name) });
    did.push(...one.did);
    if (one.ready) ready += 1;
  }
  const others = [...own.values()].filter((pod) => !wanted.includes(pod.name));
  // Leftovers of a killed command may be the ones that serve: they go only when the wanted ones do.
  const mayRetire = ready === wanted.length || (workload.kind === "StatefulSet" && others.every((pod) => !runs(pod)));
  if (!mayRetire) return did;
  const key = `${workload.kind}/${workload.metadata.name}` as const;
  if (others.length > 0) {
    await retire(self.machine, workload, others, context, key);
    did.push(...others.map((pod) => `removed ${pod.name}, which was replaced`));
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

interface WantedPod {
  readonly namespace: string;
  readonly workload: Workload;
  readonly replica: number;
  readonly name: string;
  readonly found: FoundPod | undefined;
}

async function healPod(self: Healer, wanted: WantedPod): Promise<{ ready: boolean; did: string[] }> {
  const { machine } = self;
  if (wanted.found === undefined || !runs(wanted.found)) return { ready: false, did: await bringBack(self, wanted) };
  const mark = (await machine.marks.all()).get(wanted.name);
  const address = mark?.address ?? (await addressOf(machine, wanted));
  if (address === undefined) return { ready: false, did: [] };
  const state = await machine.store.read(wanted.namespace);
  const health = await lookAtPod(self, state, wanted.found, { address, wasReady: mark !== undefined });
  if (health.dead.length > 0) return { ready: false, did: await restartDead(self, wanted, health) };
  if (health.ready === (mark !== undefined)) {
    if (health.ready) self.backoff.delete(wanted.name);
    return { ready: health.ready, did: [] };
  }
  const plan = await planPod(machine, wanted.namespace, wanted.workload, wanted.replica);
  if (!health.ready) {
    await machine.marks.remove(wanted.name);
    return { ready: false, did: [`took ${wanted.name} out of the way in: ${health.why}`] };
  }
  await markReady(machine, wanted.namespace, wanted.workload, [plan]);
  await maskSecrets(machine, plan);
  return { ready: true, did: [`${wanted.name} is ready`] };
}

async function addressOf(machine: Machine, wanted: WantedPod): Promise<string | undefined> {
  const [infra] = await machine.podman.inspect([`${wanted.name}._infra`]);
  return infra?.addresses[machine.names.network(wanted.namespace)];
}

async function restartDead(self: Healer, wanted: WantedPod, health: PodHealth): Promise<string[]> {
  if (!mayTry(self, wanted.name)) return [];
  await self.machine.marks.remove(wanted.name);
  await self.machine.refreshEdge();
  await self.machine.podman.run(["restart", ...health.dead], { accept: "any" });
  return health.dead.map((name) => `restarted ${name}: ${health.why}`);
}

/** Starts a pod that is missing or stopped. A pod whose network ended is stopped whole, since its containers lost theirs. */
async function bringBack(self: Healer, wanted: WantedPod): Promise<string[]> {
  const { machine } = self;
  if (!mayTry(self, wanted.name)) return [];
  await machine.marks.remove(wanted.name);
  if (wanted.found !== undefined && wanted.found.infra?.state !== "running") await stopPod(machine, wanted.name);
  const plan = await planPod(machine, wanted.namespace, wanted.workload, wanted.replica);
  await createPod(machine, plan, wanted.found);
  await startPod(machine, plan);
  return [`started ${wanted.name}`];
}

/** True when a pod's backoff is over: at once, then 1, 2, 4… seconds up to five minutes apart. */
function mayTry(self: Healer, pod: string): boolean {
  const now = self.machine.clock.now();
  const before = self.backoff.get(pod) ?? { failures: 0, notBefore: 0 };
  if (now < before.notBefore) return false;
  self.backoff.set(pod, { failures: before.failures + 1, notBefore: now + Math.min(MAX_BACKOFF_MS, 1000 * 2 ** before.failures) });
  return true;
}
