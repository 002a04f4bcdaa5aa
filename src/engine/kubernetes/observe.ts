import type { KubeObject, Resource } from "../../kubernetes/kubernetes-api.ts";
import { bytesOf } from "../../kubernetes/quantity.ts";
import type { Observed, ObservedPod, ObservedWorkload } from "../../observe/observed.ts";
import { hostnamesOf } from "../../kubernetes/route-hostnames.ts";
import type { Cluster } from "./cluster.ts";
import { type EngineState, readState } from "./engine-state.ts";
import { mark } from "./marks.ts";
import { ownObjects } from "./own-objects.ts";
import { madeFrom, podsOf } from "./pods.ts";
import { isRendered, wantedReplicas } from "./scale.ts";
import { type ContainerStatus, isReady, type PodObject, selects, type ServiceObject, type WorkloadObject } from "./views.ts";

/** Gathers what runs in a namespace. Reads only: one list for each kind. */
export async function observeNamespace(cluster: Cluster, name: string): Promise<Observed> {
  const namespace = cluster.namespace(name);
  const [state, objects, pods, memory] = await Promise.all([
    readState(cluster, namespace),
    ownObjects(cluster, namespace),
    podsOf(cluster, namespace, { role: "serve" }),
    memoryOf(cluster, namespace),
  ]);
  const kind = <T extends KubeObject>(...kinds: string[]): T[] => objects.filter((one) => kinds.includes(one.kind)) as T[];
  return {
    namespace: name,
    workloads: kind<WorkloadObject>("Deployment", "StatefulSet")
      .filter(isRendered)
      .toSorted((a, b) => (a.kind < b.kind ? -1 : a.kind > b.kind ? 1 : 0))
      .map((one) => observeWorkload(one, pods, state)),
    pods: pods.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)).map((pod) => observePod(pod, memory)),
    routes: kind("HTTPRoute", "Ingress")
      .filter((route) => backendsOf(route).length > 0)
      .map((route) => ({
        name: route.metadata.name,
        hostnames: hostnamesOf(route),
        backends: podsBehind(route, kind<ServiceObject>("Service"), pods).length,
      })),
    volumes: kind("PersistentVolumeClaim").map((claim) => ({ claim: claim.metadata.name, requestedBytes: requestedBytes(claim) })),
  };
}

function observeWorkload(workload: WorkloadObject, pods: readonly PodObject[], { down }: EngineState): ObservedWorkload {
  const current = pods.filter(
    (pod) => pod.metadata.labels?.[mark.workload] === workload.metadata.name && madeFrom(pod) === madeFrom(workload.spec.template),
  );
  const replicas = workload.spec.replicas ?? 1;
  return {
    name: workload.metadata.name,
    kind: workload.kind as ObservedWorkload["kind"],
    wanted: replicas === 0 ? wantedReplicas(workload) : replicas,
    ready: current.filter(isReady).length,
    down,
  };
}

function observePod(pod: PodObject, memory: ReadonlyMap<string, number>): ObservedPod {
  const { containerStatuses = [], podIP, phase } = pod.status ?? {};
  return {
    name: pod.metadata.name,
    workload: pod.metadata.labels?.[mark.workload] ?? "",
    templateDigest: madeFrom(pod) ?? "",
    phase: phaseOf(phase, containerStatuses),
    ready: isReady(pod),
    ...(podIP === undefined ? {} : { ip: podIP }),
    containers: pod.spec.containers.map(({ name, image }) => {
      const status = containerStatuses.find((one) => one.name === name);
      const exitCode = (status?.state?.terminated ?? status?.lastState?.terminated)?.exitCode;
      const running = status?.state?.running !== undefined;
      const memoryBytes = memory.get(`${pod.metadata.name}/${name}`);
      return {
        ...{ name, image, running, restarts: status?.restartCount ?? 0 },
        ...(running || exitCode === undefined ? {} : { exitCode }),
        ...(memoryBytes === undefined ? {} : { memoryBytes }),
      };
    }),
  };
}

function phaseOf(phase: string | undefined, containers: readonly ContainerStatus[]): ObservedPod["phase"] {
  if (containers.length > 0 && containers.every(({ state }) => state?.running !== undefined)) return "Running";
  const fell = containers.some(({ state, lastState }) => ((state?.terminated ?? lastState?.terminated)?.exitCode ?? 0) !== 0);
  return fell || phase === "Failed" ? "Failed" : "Pending";
}

/** Names of the Services that a route or an Ingress leads to. */
export function backendsOf(route: KubeObject): readonly string[] {
  const { rules = [] } = (route["spec"] ?? {}) as {
    rules?: readonly {
      backendRefs?: readonly { name: string }[];
      http?: { paths?: readonly { backend?: { service?: { name: string } } }[] };
    }[];
  };
  const names = rules.flatMap(({ backendRefs = [], http }) => [
    ...backendRefs.map(({ name }) => name),
    ...(http?.paths ?? []).flatMap(({ backend }) => backend?.service?.name ?? []),
  ]);
  return [...new Set(names)];
}

/** Ready pods that visitors of a route reach. */
export function podsBehind(route: KubeObject, services: readonly ServiceObject[], pods: readonly PodObject[]): readonly PodObject[] {
  const names = backendsOf(route);
  const selectors = services.filter(({ metadata }) => names.includes(metadata.name)).map(({ spec }) => spec.selector);
  return pods.filter((pod) => isReady(pod) && selectors.some((selector) => selects(selector, pod.metadata.labels)));
}

function requestedBytes(claim: KubeObject): number {
  const { resources } = (claim["spec"] ?? {}) as { resources?: { requests?: { storage?: string } } };
  return bytesOf(resources?.requests?.storage ?? "0");
}

const podMetrics: Resource = { group: "metrics.k8s.io", version: "v1beta1", kind: "PodMetrics", plural: "pods", namespaced: true };

/** A metrics server that is away answers 503 for minutes, which would be asked again. */
const METRICS_MS = 2000;

/** Memory of containers (`pod/container` to bytes), where the cluster has a metrics server. */
async function memoryOf(cluster: Cluster, namespace: string): Promise<ReadonlyMap<string, number>> {
  if (cluster.measures === false) return new Map();
  const { items } = await cluster.api.list(podMetrics, { namespace }, AbortSignal.timeout(METRICS_MS)).catch(() => ({ items: [] }));
  const all = items.flatMap(({ metadata, containers }) =>
    ((containers ?? []) as readonly { name: string; usage?: { memory?: string } }[]).map(
      ({ name, usage }) => [`${metadata.name}/${name}`, bytesOf(usage?.memory ?? "0")] as const,
    ),
  );
  return new Map(all);
}
