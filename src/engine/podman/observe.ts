import { readFile } from "node:fs/promises";
import type { Observed, ObservedPod, ObservedWorkload } from "../../observe/observed.ts";
import { routesOf } from "./edge-routes.ts";
import type { Machine } from "./machine.ts";
import { label } from "./names.ts";
import type { ListedContainer } from "./podman-cli.ts";
import { type FoundPod, findPods, templateDigest, type Workload } from "./pods.ts";
import { bytesOf } from "./quantity.ts";
import { isReady } from "./ready-marks.ts";
import { type NamespaceState, objectsOf } from "./state-store.ts";

/** `du` over a large volume is stopped after this time: a size is nice to have, an answer is needed. */
const DU_MS = 3000;

/** Gathers what runs in a namespace. Reads only; costs three calls of podman. */
export async function observeNamespace(machine: Machine, namespace: string): Promise<Observed> {
  const state = await machine.store.read(namespace);
  const marks = await machine.marks.all();
  const found = await findPods(machine, namespace);
  const pods = await observePods(machine, found, new Set([...marks.values()].filter(isReady).map((mark) => mark.pod)));
  const routes = routesOf(namespace, state, marks.values());
  return {
    namespace,
    ...(state.idle === undefined ? {} : { idle: state.idle }),
    workloads: [...objectsOf(state, "Deployment"), ...objectsOf(state, "StatefulSet")].map((one) => observeWorkload(one, pods, state)),
    pods,
    routes: routes.map((route) => ({ name: route.name, hostnames: route.hostnames, backends: route.backends.length })),
    volumes: await observeVolumes(machine, namespace, state),
  };
}

function observeWorkload(workload: Workload, pods: readonly ObservedPod[], state: NamespaceState): ObservedWorkload {
  const digest = templateDigest(workload.spec.template);
  const own = pods.filter((pod) => pod.workload === workload.metadata.name && pod.templateDigest === digest);
  return {
    name: workload.metadata.name,
    kind: workload.kind,
    wanted: workload.spec.replicas,
    ready: own.filter((pod) => pod.ready).length,
    down: state.down,
  };
}

async function observePods(machine: Machine, found: readonly FoundPod[], ready: ReadonlySet<string>): Promise<ObservedPod[]> {
  const names = found.flatMap((pod) => [
    ...(pod.infra === undefined ? [] : [pod.infra.name]),
    ...mains(pod).map((container) => container.name),
  ]);
  const inspected = new Map((await machine.podman.inspect(names)).map((container) => [container.name, container]));
  return Promise.all(
    found.map(async (pod): Promise<ObservedPod> => {
      const containers = await Promise.all(
        mains(pod).map(async (container) => {
          const seen = inspected.get(container.name);
          const memoryBytes = await memoryOf(seen?.cgroupPath ?? "");
          const cpuSeconds = await cpuOf(seen?.cgroupPath ?? "");
          const running = container.state === "running";
          return {
            name: container.labels[label.container] ?? "",
            image: container.image,
            running,
            restarts: seen?.restarts ?? 0,
            ...(running ? {} : { exitCode: container.exitCode }),
            ...(memoryBytes === undefined ? {} : { memoryBytes }),
            ...(cpuSeconds === undefined ? {} : { cpuSeconds }),
          };
        }),
      );
      const address = Object.entries(inspected.get(pod.infra?.name ?? "")?.addresses ?? {}).find(
        ([network]) => network === machine.names.network(pod.infra?.labels[label.namespace] ?? ""),
      )?.[1];
      return {
        name: pod.name,
        workload: pod.workload,
        templateDigest: pod.template,
        phase: phaseOf(mains(pod)),
        ready: ready.has(pod.name) && containers.length > 0 && containers.every((container) => container.running),
        ...(address === undefined ? {} : { ip: address }),
        containers,
      };
    }),
  );
}

function mains(pod: FoundPod): ListedContainer[] {
  return pod.containers.filter((container) => container.labels[label.role] === "main");
}

function phaseOf(containers: readonly ListedContainer[]): ObservedPod["phase"] {
  if (containers.length > 0 && containers.every((container) => container.state === "running")) return "Running";
  return containers.some((container) => container.state === "exited" && container.exitCode !== 0) ? "Failed" : "Pending";
}

/** Memory that the kernel charges to a container: cgroup v1 and v2 keep it in different files. */
async function memoryOf(cgroup: string): Promise<number | undefined> {
  if (cgroup === "") return undefined;
  const paths = [`/sys/fs/cgroup/memory${cgroup}/memory.usage_in_bytes`, `/sys/fs/cgroup${cgroup}/memory.current`];
  for (const path of paths) {
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text !== undefined) return Number(text);
  }
  return undefined;
}

/** Time on a CPU that the kernel charges to it: nanoseconds in one file of cgroup v1, microseconds in a line of v2's. */
async function cpuOf(cgroup: string): Promise<number | undefined> {
  if (cgroup === "") return undefined;
  const first = await readFile(`/sys/fs/cgroup/cpuacct${cgroup}/cpuacct.usage`, "utf8").catch(() => undefined);
  if (first !== undefined) return Number(first) / 1e9;
  const second = await readFile(`/sys/fs/cgroup${cgroup}/cpu.stat`, "utf8").catch(() => "");
  const microseconds = /^usage_usec (\d+)$/m.exec(second)?.[1];
  return microseconds === undefined ? undefined : Number(microseconds) / 1e6;
}

interface ListedVolume {
  readonly Name: string;
  readonly Mountpoint: string;
  readonly Labels: Readonly<Record<string, string>> | null;
  readonly Options?: Readonly<Record<string, string>> | null;
}

/** By their labels, and by the names of the claims: a person who put a volume back from a backup gave it no labels. */
async function observeVolumes(machine: Machine, namespace: string, state: NamespaceState): Promise<Observed["volumes"]> {
  const { stdout } = await machine.podman.run(["volume", "ls", "--format", "json"]);
  const all = (JSON.parse(stdout === "" ? "[]" : stdout) as ListedVolume[] | null) ?? [];
  const claims = new Map(objectsOf(state, "PersistentVolumeClaim").map((one) => [machine.names.volume(namespace, one.metadata.name), one]));
  const volumes = all.flatMap(({ Name, Mountpoint, Labels, Options }) => {
    const own = Labels?.[label.instance] === machine.names.instance && Labels[label.namespace] === namespace;
    const known = claims.get(Name);
    const claim = own ? Labels[label.claim] : known?.metadata.name;
    if (claim === undefined) return [];
    const requestedBytes = own ? Number(Labels[label.requestedBytes] ?? 0) : bytesOf(known?.spec.resources.requests.storage ?? "0");
    return [{ claim, requestedBytes, path: Options?.["device"] ?? Mountpoint }];
  });
  return Promise.all(
    volumes.map(async ({ claim, requestedBytes, path }) => {
      const usedBytes = await usedBytesOf(machine, path);
      return { claim, ...(usedBytes === undefined ? {} : { usedBytes }), requestedBytes };
    }),
  );
}

async function usedBytesOf(machine: Machine, path: string): Promise<number | undefined> {
  const { stdout } = await machine
    .system(["timeout", String(DU_MS / 1000), "du", "--summarize", "--bytes", "--one-file-system", "--", path])
    .catch(() => ({ stdout: "" }));
  const bytes = Number(stdout.split("\t")[0]);
  return stdout === "" || !Number.isFinite(bytes) ? undefined : bytes;
}
