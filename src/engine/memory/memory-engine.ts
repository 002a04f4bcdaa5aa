import { HowdahError } from "../../kernel/howdah-error.ts";
import { IDLE_ANNOTATION } from "../../kernel/label.ts";
import type { Observed } from "../../observe/observed.ts";
import type { Use } from "../../observe/use.ts";
import type { HttpRoute, ObjectKey, Rendered } from "../../render/objects.ts";
import { digestOf } from "../../render/rendered.ts";
import type { Engine, LogLine } from "../engine.ts";
import { hostnameTaken } from "../hostname-taken.ts";
import { takenBy } from "../hostnames-meet.ts";
import { type Behaviour, wellBehaved } from "./behaviour.ts";
import { memoryJobs } from "./memory-jobs.ts";
import { askWayIn, podsBehind } from "./memory-network.ts";
import { runProgram } from "./memory-program.ts";
import { type MemoryNamespace, namespaceOf, objectsOf, podNames, startPod, type Workload, type World } from "./world.ts";

/** An engine for tests of what stands above engines: keeps the contract, runs nothing. */
export interface MemoryEngine extends Engine {
  readonly kind: "memory";
  /** What the way in answers for `/` of a hostname: a body, or a status. */
  readonly ask: (hostname: string) => string;
  /** Kills the pods of a workload. */
  readonly kill: (namespace: string, workload: string) => void;
}

const sizes: Readonly<Record<string, number>> = { Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3, "": 1 };

/** A new world. Containers do what `behaviour` says; without it all are well. */
export function memoryEngine(behaviour: Behaviour = wellBehaved): MemoryEngine {
  const world: World = { behaviour, namespaces: new Map(), addresses: 0 };
  const space = (name: string): MemoryNamespace => namespaceOf(world, name);
  return {
    kind: "memory",
    ask: (hostname) => {
      for (const one of world.namespaces.values()) {
        const isAsked = objectsOf(one, "HTTPRoute").some((route) => route.spec.hostnames.includes(hostname));
        if (isAsked && one.idle !== undefined) wake(world, one);
      }
      return askWayIn(world, hostname);
    },
    kill: (namespace, workload) => {
      for (const pod of space(namespace).pods.values()) if (pod.workload === workload) pod.alive = false;
    },
    prepare: (namespace) => {
      const gateway = `10.${space(namespace).subnet}.0.1`;
      return Promise.resolve({ resolver: gateway, trustedProxies: [`${gateway}/32`] });
    },
    namespaces: () =>
      Promise.resolve(
        [...world.namespaces.values()]
          .filter(holdsAnything)
          .map(({ name }) => name)
          .toSorted(),
      ),
    inventory: (namespace) => {
      const objects = [...(world.namespaces.get(namespace)?.objects ?? [])].map(([key, { digest }]) => [key, digest] as const);
      return Promise.resolve({ namespace, objects: new Map(objects), down: world.namespaces.get(namespace)?.down ?? false });
    },
    putSecret: (namespace, name, data) => {
      space(namespace).secrets.set(name, data);
      return Promise.resolve(digestOf(Object.entries(data).map(([key, secret]) => [key, secret.reveal()])));
    },
    deleteSecret: (namespace, name) => Promise.resolve(void space(namespace).secrets.delete(name)),
    apply: async (namespace, step, { reached }) => {
      const object = "desired" in step ? step.desired.object : undefined;
      if (object?.kind === "Deployment" || object?.kind === "StatefulSet") {
        await reached?.("start");
        startNew(world, space(namespace), object); // fails as it will fail, before anything is switched
        await reached?.("ask");
        await reached?.("switch");
      }
      if (step.do === "create" || step.do === "update") applyObject(world, space(namespace), step.desired);
      else if (step.do === "delete") deleteObject(space(namespace), step.key);
      else space(namespace).objects.delete(step.key);
    },
    settle: () => Promise.resolve(),
    hold: async (namespace, wanted) => {
      const { pods } = Object.assign(space(namespace), { held: wanted !== null });
      for (const pod of pods.values()) if (wanted?.stop.includes(pod.workload) === true) pods.delete(pod.name);
    },
    locate: (namespace, workload) =>
      Promise.resolve(
        [...(world.namespaces.get(namespace)?.pods.values() ?? [])].find((pod) => pod.alive && pod.workload === workload)?.ip,
      ),
    observe: (namespace) => Promise.resolve(observe(space(namespace))),
    jobs: memoryJobs(world),
    exec: (target, request) => runProgram(world, target, request, "exec"),
    runOnce: (target, request) => runProgram(world, target, request, "once"),
    logs: (namespace, options) => logs(space(namespace), options),
    use: async (namespace) => useOf(space(namespace)),
    sleep: async (namespace) => {
      if (space(namespace).pods.size === 0) return "nothing of it runs";
      space(namespace).idle = { since: "2026-01-01T00:00:00.000Z" };
      space(namespace).pods.clear();
      return undefined;
    },
    ensureAwake: async (namespace, _context, visitor) => {
      const { down, held } = space(namespace);
      if (down || held) throw new HowdahError("site/down", `${namespace} is down`);
      const backends = wake(world, space(namespace));
      visitor?.serving(backends);
      return backends;
    },
    scaleDown: async (namespace) => {
      space(namespace).down = true;
      space(namespace).idle = undefined;
      space(namespace).pods.clear();
    },
    scaleUp: async (namespace) => {
      space(namespace).down = false;
      space(namespace).idle = undefined;
      startMissing(world, space(namespace));
    },
    remove: async (namespace) => {
      const { objects, pods } = space(namespace);
      pods.clear();
      for (const key of objects.keys()) if (!key.startsWith("PersistentVolumeClaim/")) objects.delete(key);
    },
    deleteVolume: async (namespace, claim) => {
      space(namespace).volumes.delete(claim);
      space(namespace).objects.delete(`PersistentVolumeClaim/${claim}`);
    },
    forget: async (namespace) => {
      const keys = [...(world.namespaces.get(namespace)?.objects.keys() ?? [])];
      const kept = keys.find((key) => /^(Deployment|StatefulSet|PersistentVolumeClaim)\//.test(key));
      if (kept !== undefined) throw new HowdahError("bug", `${namespace} was to be forgotten while it has ${kept}`);
      world.namespaces.delete(namespace);
    },
    heal: async () => [...world.namespaces.values()].flatMap((one) => (one.down || one.idle !== undefined ? [] : startMissing(world, one))),
  };
}

function wake(world: World, space: MemoryNamespace): string[] {
  if (space.idle !== undefined) startMissing(world, space);
  space.idle = undefined;
  const refs = objectsOf(space, "HTTPRoute").flatMap((route) => route.spec.rules.flatMap((rule) => rule.backendRefs));
  return refs.flatMap((ref) => podsBehind(space, ref.name)).map((pod) => `${pod.ip}:8080`);
}

function useOf(space: MemoryNamespace): Use {
  const after = objectsOf(space, "HTTPRoute").map((route) => Number(route.metadata.annotations?.[IDLE_ANNOTATION] ?? 0))[0] ?? 0;
  const state = space.down ? "down" : space.idle === undefined ? "running" : "asleep";
  return { idleAfterSeconds: after > 0 ? after : null, lastUse: 0, state };
}

function holdsAnything(space: MemoryNamespace): boolean {
  return space.objects.size > 0 || space.secrets.size > 0;
}

function applyObject(world: World, space: MemoryNamespace, desired: Rendered): void {
  const { object } = desired;
  if (object.kind === "PersistentVolumeClaim" && !space.volumes.has(object.metadata.name))
    space.volumes.set(object.metadata.name, new Map());
  if (object.kind === "HTTPRoute") refuseTakenHostnames(world, space, object);
  if (object.kind === "Deployment" || object.kind === "StatefulSet") roll(world, space, object);
  space.objects.set(desired.key, desired);
}

function refuseTakenHostnames(world: World, space: MemoryNamespace, route: HttpRoute): void {
  for (const other of world.namespaces.values()) {
    const routes = other === space ? [] : objectsOf(other, "HTTPRoute");
    const same = routes.map((one) => takenBy(route, one)).find((hostname) => hostname !== undefined);
    if (same !== undefined) throw hostnameTaken(same, other.name);
  }
}

function startNew(world: World, space: MemoryNamespace, workload: Workload): ReturnType<typeof startPod>[] {
  return podNames(workload)
    .filter((name) => space.pods.get(name)?.alive !== true)
    .map((name) => startPod(world, space, workload, name));
}

/** New pods first; the former ones go only when all are ready. */
function roll(world: World, space: MemoryNamespace, workload: Workload): void {
  const wanted = podNames(workload);
  for (const pod of startNew(world, space, workload)) space.pods.set(pod.name, pod);
  for (const pod of space.pods.values()) {
    if (pod.workload === workload.metadata.name && !wanted.includes(pod.name)) space.pods.delete(pod.name);
  }
}

function startMissing(world: World, space: MemoryNamespace): string[] {
  return [...objectsOf(space, "StatefulSet"), ...objectsOf(space, "Deployment")].flatMap((workload) => {
    const missing = podNames(workload).filter((name) => space.pods.get(name)?.alive !== true);
    roll(world, space, workload);
    return missing.map((name) => `started ${name}`);
  });
}

function deleteObject(space: MemoryNamespace, key: ObjectKey): void {
  if (key.startsWith("PersistentVolumeClaim/")) throw new HowdahError("bug", `A plan tried to delete ${key}, which holds data`);
  const object = space.objects.get(key)?.object;
  space.objects.delete(key);
  if (object?.kind !== "Deployment" && object?.kind !== "StatefulSet") return;
  for (const pod of space.pods.values()) if (pod.workload === object.metadata.name) space.pods.delete(pod.name);
}

function observe(space: MemoryNamespace): Observed {
  const pods = [...space.pods.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  return {
    namespace: space.name,
    ...(space.idle === undefined ? {} : { idle: space.idle }),
    workloads: [...objectsOf(space, "Deployment"), ...objectsOf(space, "StatefulSet")].map((workload) => ({
      name: workload.metadata.name,
      kind: workload.kind,
      wanted: workload.spec.replicas,
      ready: pods.filter((pod) => pod.alive && podNames(workload).includes(pod.name)).length,
      down: space.down,
    })),
    pods: pods.map((pod) => ({
      name: pod.name,
      workload: pod.workload,
      templateDigest: pod.template,
      phase: pod.alive ? "Running" : "Failed",
      ready: pod.alive,
      ip: pod.ip,
      containers: pod.containers.map(({ container }) => ({
        name: container.name,
        image: container.image,
        running: pod.alive,
        restarts: 0,
      })),
    })),
    routes: objectsOf(space, "HTTPRoute").map((route) => ({
      name: route.metadata.name,
      hostnames: route.spec.hostnames,
      backends: route.spec.rules.flatMap((rule) => rule.backendRefs).flatMap((ref) => podsBehind(space, ref.name)).length,
    })),
    volumes: objectsOf(space, "PersistentVolumeClaim").map((claim) => ({
      claim: claim.metadata.name,
      requestedBytes: bytesOf(claim.spec.resources.requests.storage),
    })),
  };
}

function bytesOf(quantity: string): number {
  const [, number = "0", unit = ""] = /^(\d+)(\D*)$/.exec(quantity) ?? [];
  return Number(number) * (sizes[unit] ?? 1);
}

async function* logs(
  space: MemoryNamespace,
  { tail, container: only }: { readonly tail: number; readonly container?: string },
): AsyncGenerator<LogLine> {
  const lines = [...space.pods.values()].flatMap((pod) =>
    pod.containers.flatMap(({ container, started }) =>
      started.output.map(
        (text): LogLine => ({
          namespace: space.name,
          workload: pod.workload,
          pod: pod.name,
          container: container.name,
          stream: "stdout",
          time: "",
          text,
        }),
      ),
    ),
  );
  const crons = space.jobOutput.map(
    ({ name, line }): LogLine => ({
      ...{ namespace: space.name, workload: "cron", pod: "", container: `cron/${name}`, stream: "stdout", time: "", text: line },
    }),
  );
  const all = [...lines, ...crons].filter((line) => only === undefined || line.container === only);
  yield* tail === 0 ? [] : all.slice(-tail);
}
