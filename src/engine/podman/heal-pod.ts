import type { Lock } from "../lock.ts";
import { execIn, readyPod } from "./await-ready.ts";
import type { Machine } from "./machine.ts";
import { type Backoff, startAgain } from "./backoff.ts";
import { label } from "./names.ts";
import { createPod, type FoundPod, planPod, runs, startPod, stopPod, type Workload } from "./pods.ts";
import type { ProbeMemory } from "./probe-memory.ts";
import { isReady, type ReadyMark } from "./ready-marks.ts";
import { markReady } from "./roll-workload.ts";
import { workloads } from "./scale.ts";
import type { NamespaceState } from "./state-store.ts";

/** What healing remembers between passes. */
export interface Healer {
  readonly machine: Machine;
  readonly lock: Lock;
  readonly probes: ProbeMemory;
  readonly backoff: Map<string, Backoff>;
  /** Processes of containers whose configuration shows no secret any more. */
  readonly masked: Set<string>;
  /** Problems of the way in that were said. */
  told: ReadonlySet<string>;
  passes: number;
}

/** What probing a pod came to. */
export interface PodHealth {
  readonly ready: boolean;
  /** Containers to restart. */
  readonly dead: readonly string[];
  readonly why: string;
}

/** Asks what is due of a pod's probes. */
export async function lookAtPod(
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

/** A replica that should be there, and what is there of it. */
export interface WantedPod {
  readonly namespace: string;
  readonly workload: Workload;
  readonly replica: number;
  readonly name: string;
  readonly found: FoundPod | undefined;
  readonly mark: ReadyMark | undefined;
}

/** Brings one replica nearer to serving: start, restart, in or out of the way in. */
export async function healPod(self: Healer, wanted: WantedPod): Promise<{ ready: boolean; did: string[] }> {
  const { machine } = self;
  if (wanted.found === undefined || !runs(wanted.found)) return { ready: false, did: await bringBack(self, wanted) };
  const { mark } = wanted;
  const address = mark?.address ?? (await addressOf(machine, wanted));
  if (address === undefined) return { ready: false, did: [] };
  const state = await machine.store.read(wanted.namespace);
  const wasReady = isReady(mark);
  const health = await lookAtPod(self, state, wanted.found, { address, wasReady });
  if (health.dead.length > 0) return { ready: false, did: await restartDead(self, wanted, health) };
  if (health.ready === wasReady) {
    if (health.ready) self.backoff.delete(wanted.name);
    return { ready: health.ready, did: [] };
  }
  if (wasReady) {
    await machine.marks.add({ ...mark, doubt: health.why });
    return { ready: false, did: [`${wanted.name} is not ready, others go first: ${health.why}`] };
  }
  const seen = await machine.podman.inspect([`${wanted.name}._infra`]);
  const plan = { pod: wanted.name, network: machine.names.network(wanted.namespace) };
  await markReady(machine, wanted.namespace, wanted.workload, [readyPod({ plan, seen })]);
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
  if (wanted.found !== undefined && wanted.found.infra?.state !== "running") await stopPod(machine, wanted.found);
  const plan = await planPod(machine, wanted.namespace, wanted.workload, wanted.replica);
  await startPod(machine, plan, await createPod(machine, plan, wanted.found));
  return [`started ${wanted.name}`];
}

function mayTry(self: Healer, pod: string): boolean {
  const next = startAgain(self.backoff.get(pod), self.machine.clock.now());
  if (next !== undefined) self.backoff.set(pod, next);
  return next !== undefined;
}
