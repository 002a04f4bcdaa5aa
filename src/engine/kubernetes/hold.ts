import type { KubeObject } from "../../kubernetes/kubernetes-api.ts";
import { digestOf } from "../../render/rendered.ts";
import type { EngineContext, Maintenance } from "../engine.ts";
import type { Cluster, ServerContainer } from "./cluster.ts";
import { changeState } from "./engine-state.ts";
import { stopJobs } from "./jobs.ts";
import { mark, ownedLabels, type Role } from "./marks.ts";
import { backendsOf } from "./observe.ts";
import { nameOf, ownObjects, put, removeOwn } from "./own-objects.ts";
import { roleOf, templateFor } from "./place.ts";
import { awaitNoPods, isRendered, setReplicas } from "./scale.ts";
import { selects, type ServiceObject, type WorkloadObject } from "./views.ts";
import { waitRollout } from "./wait-rollout.ts";

/** So long way-in and kube-proxy may go on sending to pods that a Service has left, on a busy node: as long as nginx waits before it ends. */
const DRAIN_MS = 15_000;
/** A server for one page starts in a second or two; without it visitors get the way in's own 503. */
const SERVER_MS = 60_000;

/**
 * Lets a tiny server answer for a site: the Services that visitors come in by select its pod instead of the site's. Its image is that of the
 * site's own web server, which every node that runs the site has. What must not work meanwhile is scaled to nothing, and waited for.
 * Requests that came before are finished by the pods that go on; a cluster can't say when the last one is.
 */
export async function holdNamespace(
  cluster: Cluster,
  name: string,
  wanted: { readonly page: Maintenance; readonly stop: readonly string[] } | null,
  context: EngineContext,
): Promise<void> {
  const namespace = cluster.namespace(name);
  if (wanted !== null) await changeState(cluster, namespace, (state) => ({ ...state, held: wanted }));
  const objects = await ownObjects(cluster, namespace);
  const services = wayIn(objects);
  if (wanted === null) {
    for (const service of services) await lead(cluster, service, "serve");
    await changeState(cluster, namespace, ({ held: _held, ...rest }) => rest);
    const ours = objects.filter(({ metadata }) => metadata.labels?.[mark.role] === "maintenance");
    if (ours.length > 0) await cluster.clock.sleep(DRAIN_MS, context.signal); // who was sent there still gets an answer
    for (const object of ours) await removeOwn(cluster, nameOf(object), { uid: object.metadata.uid });
    return;
  }
  const workloads = objects.filter(({ kind }) => kind === "Deployment" || kind === "StatefulSet") as WorkloadObject[];
  for (const service of services) await answerFor(cluster, service, workloads.filter(isRendered), wanted.page, context);
  for (const service of services) await lead(cluster, service, "maintenance");
  await stopJobs(cluster, namespace, "a rollout needed the site for itself");
  await cluster.clock.sleep(services.length === 0 ? 0 : DRAIN_MS, context.signal);
  const stopped = workloads.filter(({ metadata }) => wanted.stop.includes(metadata.name));
  for (const workload of stopped) await setReplicas(cluster, workload, 0);
  for (const { metadata } of stopped) await awaitNoPods(cluster, namespace, { workload: metadata.name }, context.signal);
}

/** Services by which visitors come in: those of routes, and where the cluster has none those of web servers. */
function wayIn(objects: readonly KubeObject[]): readonly ServiceObject[] {
  const services = objects.filter(
    ({ kind, metadata }) => kind === "Service" && metadata.annotations?.[mark.key] !== undefined,
  ) as ServiceObject[];
  const routed = new Set(objects.filter(({ kind }) => kind === "HTTPRoute" || kind === "Ingress").flatMap(backendsOf));
  return services.filter(({ metadata, spec }) =>
    routed.size > 0 ? routed.has(metadata.name) : spec.ports?.some(({ name }) => name === "http") === true,
  );
}

/** Changes which pods a Service leads to; of the whole object, since it is applied as a whole. */
async function lead(cluster: Cluster, service: ServiceObject, role: Role): Promise<void> {
  if (roleOf(service) === role) return;
  const { uid } = service.metadata;
  await cluster.api.mergePatch(nameOf(service), {
    metadata: uid === undefined ? {} : { uid },
    spec: { selector: { [mark.role]: role } },
  });
}

/** Starts the server that answers, and waits for it. That it can't be started is said, and no reason to let visitors through. */
async function answerFor(
  cluster: Cluster,
  service: ServiceObject,
  workloads: readonly WorkloadObject[],
  page: Maintenance,
  context: EngineContext,
): Promise<void> {
  const { [mark.role]: _role, ...selector } = service.spec.selector ?? {};
  const served = workloads.find(({ spec }) => selects(selector, spec.template.metadata?.labels));
  if (served === undefined) return;
  const [files, deployment] = maintenanceObjects(cluster, service, served, page);
  try {
    await put(cluster, files);
    await put(cluster, deployment);
    const signal = AbortSignal.any([context.signal, AbortSignal.timeout(SERVER_MS)]);
    await waitRollout(cluster, nameOf(deployment), { signal, progress: () => undefined, role: "maintenance" });
  } catch (error) {
    context.signal.throwIfAborted();
    context.emit({
      type: "notice",
      level: "warning",
      message: `Visitors get a bare 503 while the site is held: the server with its page did not start (${error instanceof Error ? error.message : String(error)})`,
    });
  }
}

/** The files of the server that answers, and its Deployment: a pod like the site's, with one container. */
function maintenanceObjects(
  cluster: Cluster,
  service: ServiceObject,
  served: WorkloadObject,
  page: Maintenance,
): readonly [KubeObject, KubeObject] {
  const { namespace = "" } = service.metadata;
  const name = `${service.metadata.name}-maintenance`;
  const template = served.spec.template;
  const containers = template.spec.containers as readonly (ServerContainer & {
    readonly ports?: readonly { readonly name?: string; readonly containerPort: number }[];
  })[];
  const targets = (service.spec.ports ?? []).map(({ targetPort, port }) => targetPort ?? port);
  const isTarget = (port: { readonly name?: string; readonly containerPort: number }): boolean =>
    targets.includes(port.containerPort) || (port.name !== undefined && targets.includes(port.name));
  const server = containers.find(({ ports = [] }) => ports.some(isTarget)) ?? containers[0];
  if (server === undefined) throw new TypeError("a pod has a container");
  const ports = (server.ports ?? []).filter(isTarget);
  const pod = cluster.maintenancePod({ page, ports: ports.map(({ containerPort }) => containerPort), server });
  const labels = { ...ownedLabels, [mark.role]: "maintenance", "app.kubernetes.io/managed-by": "howdah" };
  const own = { [mark.workload]: name, [mark.role]: "maintenance" };
  const { securityContext, imagePullSecrets, tolerations, nodeSelector, priorityClassName } = template.spec;
  const kept = Object.fromEntries(
    Object.entries({ securityContext, imagePullSecrets, tolerations, nodeSelector, priorityClassName }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  const spec = {
    ...kept,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: 10,
    containers: [
      {
        ...{ name: server.name, image: server.image, imagePullPolicy: "IfNotPresent", ports },
        ...(server.securityContext === undefined ? {} : { securityContext: server.securityContext }),
        resources: { requests: { cpu: "10m", memory: "32Mi" }, limits: { memory: "64Mi" } },
        readinessProbe: { tcpSocket: { port: ports[0]?.containerPort ?? 80 }, periodSeconds: 1 },
        ...pod.container,
      },
    ],
    volumes: [{ name: "files", configMap: { name } }, ...pod.volumes],
  };
  const base = { metadata: { labels: template.metadata?.labels ?? {} }, spec };
  const placed = templateFor(base, "maintenance", name, digestOf(pod).slice(0, 32));
  return [
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace, labels }, data: pod.files },
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name, namespace, labels },
      spec: { replicas: 1, revisionHistoryLimit: 0, selector: { matchLabels: own }, template: placed },
    },
  ];
}
