import { HowdahError } from "../../kernel/howdah-error.ts";
import type { KubeObject, KubernetesApi, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resourceOf, resources } from "../../kubernetes/resources.ts";
import { crds } from "../../resources/crds.ts";
import {
  type OperatorInstall,
  OWN_NAMESPACE,
  operatorObjects,
  ownNamespace,
  settingsMap,
} from "../../resources/install/operator-objects.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { CLI_MANAGER } from "./cluster-place.ts";
import { pullWith } from "./pull-secret.ts";

/** A node pulls 50 MB and starts Node; a pod's place may be made by an autoscaler first. */
const PATIENCE_MS = 300_000;
const POLL_MS = 500;

/** Everything that an installation is, in the order in which it is applied. */
export function installObjects(install: OperatorInstall): readonly KubeObject[] {
  return [...crds(), ownNamespace(), settingsMap(install.settings), ...operatorObjects(install)] as unknown as readonly KubeObject[];
}

/**
 * Puts Howdah into a cluster, or another version in the place of the one that is there; may be repeated. Sites serve on meanwhile. Errors:
 * `cluster/*`; `cluster/failed` when the operator does not start, with its pods' own words.
 */
export async function installOperator(
  api: KubernetesApi,
  install: OperatorInstall,
  ports: Pick<Ports, "clock">,
  context: EngineContext,
): Promise<void> {
  const { signal } = context;
  const task = tasks(context);
  const definitions = crds() as unknown as readonly KubeObject[];
  await task("crds", "Definitions of Site, Environment, Release and Tenant", async () => {
    await applyAll(api, definitions, signal);
    for (const definition of definitions) await established(api, definition.metadata.name, ports, signal);
  });
  await task("objects", `Operator in ${OWN_NAMESPACE}`, async () => {
    await applyAll(api, [ownNamespace(), settingsMap(install.settings)], signal);
    if (install.pullSecret !== null) await pullWith(install.pullSecret, OWN_NAMESPACE, api, signal);
    await applyAll(api, operatorObjects(install), signal);
  });
  await task("ready", "Starting the operator", () => operatorReady(api, install.image, ports, context));
}

/**
 * Takes the operator away, its pods first: they give their lease back while they still may, and who installs anew or looks with `doctor` meets nothing
 * of them. Sites go on serving; definitions, sites, releases, databases, settings and the namespace stay. Answers what was deleted. Errors:
 * `cluster/*`; `cluster/failed` when something is still there after five minutes.
 */
export async function uninstallOperator(
  api: KubernetesApi,
  ports: Pick<Ports, "clock">,
  context: EngineContext,
): Promise<readonly string[]> {
  const gone: string[] = [];
  await tasks(context)("operator", `Taking the operator out of ${OWN_NAMESPACE}`, async () => {
    for (const object of operatorObjects({ image: "", pullSecret: null, settings: "" }).toReversed())
      if (await removed(api, nameOf(object), ports, context.signal)) gone.push(`${object.kind}/${object.metadata.name}`);
  });
  return gone;
}

/** Deletes what is ours of that name and waits until it is gone; false when there is no such thing. */
async function removed(api: KubernetesApi, place: ObjectName, { clock }: Pick<Ports, "clock">, signal: AbortSignal): Promise<boolean> {
  const { uid, labels } = (await api.get(place, signal))?.metadata ?? {};
  if (uid === undefined || labels?.["app.kubernetes.io/part-of"] !== "howdah") return false;
  await api.delete(place, { preconditions: { uid }, propagation: "Foreground" }, signal);
  const until = clock.now() + PATIENCE_MS;
  while ((await api.get(place, signal))?.metadata.uid === uid) {
    if (clock.now() > until)
      throw new HowdahError("cluster/failed", `${place.resource.kind}/${place.name} is deleted, but still there`, {
        hint: `Look at what holds it: \`kubectl -n ${OWN_NAMESPACE} get pods,${place.resource.plural} -o yaml\`. The same command may be repeated.`,
      });
    await clock.sleep(POLL_MS, signal);
  }
  return true;
}

type Task = (id: string, title: string, work: () => Promise<void>) => Promise<void>;

function tasks({ emit }: EngineContext): Task {
  return async (id, title, work) => {
    emit({ type: "task-started", id, title });
    try {
      await work();
      emit({ type: "task-done", id, outcome: "changed" });
    } catch (error) {
      if (error instanceof HowdahError) emit({ type: "task-failed", id, code: error.code, message: error.message });
      throw error;
    }
  };
}

async function applyAll(api: KubernetesApi, objects: readonly KubeObject[], signal: AbortSignal): Promise<void> {
  for (const object of objects) await api.apply(nameOf(object).resource, object, { fieldManager: CLI_MANAGER }, signal);
}

function nameOf(object: KubeObject): ObjectName {
  const resource = resourceOf(object);
  if (resource === undefined) throw new TypeError(`${object.kind} is in no table`);
  return { resource, namespace: resource.namespaced ? object.metadata.namespace : undefined, name: object.metadata.name };
}

async function established(api: KubernetesApi, name: string, ports: Pick<Ports, "clock">, signal: AbortSignal): Promise<void> {
  const until = ports.clock.now() + PATIENCE_MS;
  for (;;) {
    const found = await api.get({ resource: resources.CustomResourceDefinition, namespace: undefined, name }, signal);
    // Of a definition that was made just now the API server says `conditions: null`.
    const { conditions } = (found?.["status"] as { conditions?: { type: string; status: string }[] | null } | undefined) ?? {};
    if (conditions?.some(({ type, status }) => type === "Established" && status === "True") === true) return;
    if (ports.clock.now() > until) throw new HowdahError("cluster/failed", `The API server does not serve ${name}`);
    await ports.clock.sleep(POLL_MS, signal);
  }
}

interface DeploymentStatus {
  readonly observedGeneration?: number;
  readonly updatedReplicas?: number;
  readonly availableReplicas?: number;
  readonly replicas?: number;
}

/** Waits until every operator pod is of this version and ready. */
async function operatorReady(
  api: KubernetesApi,
  image: string,
  ports: Pick<Ports, "clock">,
  { emit, signal }: EngineContext,
): Promise<void> {
  const until = ports.clock.now() + PATIENCE_MS;
  for (;;) {
    const found = await api.get({ resource: resources.Deployment, namespace: OWN_NAMESPACE, name: "howdah-operator" }, signal);
    const wanted = (found?.["spec"] as { readonly replicas?: number } | undefined)?.replicas ?? 1;
    const {
      observedGeneration = 0,
      updatedReplicas = 0,
      availableReplicas = 0,
      replicas = 0,
    } = (found?.["status"] ?? {}) as DeploymentStatus;
    const isCurrent = observedGeneration >= (found?.metadata.generation ?? 1);
    if (isCurrent && updatedReplicas === wanted && availableReplicas === wanted && replicas === wanted) return;
    const { trouble, hopeless } = await podTrouble(api, image, signal);
    if (hopeless || ports.clock.now() > until)
      throw new HowdahError("cluster/failed", "The operator does not become ready", {
        output: trouble,
        hint: `Look at its pods: \`kubectl -n ${OWN_NAMESPACE} describe pods\`, \`kubectl -n ${OWN_NAMESPACE} logs deployment/howdah-operator\`. The same command may be repeated.`,
      });
    emit({ type: "task-progress", id: "ready", detail: trouble[0] ?? `${String(availableReplicas)} of ${String(wanted)} ready` });
    await ports.clock.sleep(POLL_MS, signal);
  }
}

/** A program that ended that often by itself does so again. */
const RESTARTS = 3;

/** What keeps the operator's pods from running, in Kubernetes' own words, and whether waiting is of no use. */
async function podTrouble(
  api: KubernetesApi,
  image: string,
  signal: AbortSignal,
): Promise<{ readonly trouble: readonly string[]; readonly hopeless: boolean }> {
  const { items } = await api.list(
    resources.Pod,
    { namespace: OWN_NAMESPACE, labelSelector: "app.kubernetes.io/name=howdah-operator" },
    signal,
  );
  let hopeless = false;
  // Those of a former installation may well be broken: that is why this one is made.
  const ours = items.filter(({ spec }) => (spec as { readonly containers: readonly { image: string }[] }).containers[0]?.image === image);
  const trouble = ours.flatMap((pod) => {
    const status = pod["status"] as {
      readonly containerStatuses?: readonly {
        readonly restartCount?: number;
        readonly ready?: boolean;
        readonly state?: { readonly waiting?: { reason?: string; message?: string } };
      }[];
      readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[];
    };
    const unplaced = (status.conditions ?? []).filter((one) => one.type === "PodScheduled" && one.status === "False");
    const waiting = (status.containerStatuses ?? []).flatMap(({ state }) => (state?.waiting === undefined ? [] : [state.waiting]));
    hopeless ||= (status.containerStatuses ?? []).some(({ restartCount = 0, ready }) => ready !== true && restartCount >= RESTARTS);
    return [
      ...unplaced.map(({ message = "" }) => `${pod.metadata.name}: ${message}`),
      ...waiting.map(({ reason = "", message = "" }) => `${pod.metadata.name}: ${reason}${message === "" ? "" : `: ${message}`}`),
    ];
  });
  return { trouble, hopeless };
}
