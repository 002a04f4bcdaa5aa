import { HowdahError } from "../../kernel/howdah-error.ts";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import type { KubeObject, KubernetesApi, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resourceOf, resources } from "../../kubernetes/resources.ts";
import { minorOf } from "../../render/cluster/cluster-settings.ts";
import { crds } from "../../resources/crds.ts";
import {
  type OperatorInstall,
  OWN_NAMESPACE,
  operatorObjects,
  ownNamespace,
  SETTINGS_NAME,
  settingsMap,
} from "../../resources/install/operator-objects.ts";
import type { EngineContext, Ports } from "../ports.ts";
import { CLI_MANAGER } from "./cluster-place.ts";

/** `howdah install` and `howdah upgrade`. */
export interface InstallCommand extends Omit<OperatorInstall, "settings"> {
  /** JSON; null: what is chosen already stays. */
  readonly settings: string | null;
}

/** The oldest Kubernetes whose API has all that we send, and the newest that was tried. */
const VERSIONS = { oldest: 29, newest: 36 };

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
  { api, context: name }: ConnectedCluster,
  command: InstallCommand,
  ports: Pick<Ports, "clock">,
  context: EngineContext,
): Promise<{ readonly version: string; readonly objects: number }> {
  const { signal } = context;
  const task = tasks(context);
  const version = await task(
    "check",
    "Checking the cluster",
    () => checkVersion(api, context),
    (found) => `Kubernetes ${found}`,
  );
  const settings = command.settings ?? (await currentSettings(api, signal)) ?? "{}";
  const definitions = crds() as unknown as readonly KubeObject[];
  await task("crds", "Definitions of Site, Environment, Release and Tenant", async () => {
    await applyAll(api, definitions, signal);
    for (const definition of definitions) await established(api, definition.metadata.name, ports, signal);
  });
  const objects = operatorObjects(command);
  await task("objects", `Operator in ${OWN_NAMESPACE}`, async () => {
    await applyAll(api, [ownNamespace(), settingsMap(settings)], signal);
    if (command.pullSecret !== null) await usePullSecret(api, command.pullSecret, name, signal);
    await applyAll(api, objects, signal);
  });
  await task("ready", "Starting the operator", () => operatorReady(api, command.image, ports, context));
  return { version, objects: definitions.length + 2 + objects.length };
}

/** Takes the operator away. Sites go on serving; definitions, sites, releases, databases, settings and the namespace stay. Answers what was deleted. */
export async function uninstallOperator(api: KubernetesApi, signal: AbortSignal): Promise<readonly string[]> {
  const gone: string[] = [];
  for (const object of operatorObjects({ image: "", pullSecret: null }).toReversed()) {
    const place = nameOf(object);
    const found = await api.get(place, signal);
    if (found?.metadata.uid === undefined || found.metadata.labels?.["app.kubernetes.io/part-of"] !== "howdah") continue;
    await api.delete(place, { preconditions: { uid: found.metadata.uid }, propagation: "Foreground" }, signal);
    gone.push(`${object.kind}/${object.metadata.name}`);
  }
  return gone;
}

/** Whether an operator was put into the cluster. */
export async function isInstalled(api: KubernetesApi, signal: AbortSignal): Promise<boolean> {
  return (await api.get({ resource: resources.Deployment, namespace: OWN_NAMESPACE, name: "howdah-operator" }, signal)) !== undefined;
}

type Task = <T>(id: string, title: string, work: () => Promise<T>, detail?: (result: T) => string) => Promise<T>;

function tasks({ emit }: EngineContext): Task {
  return async (id, title, work, detail) => {
    emit({ type: "task-started", id, title });
    try {
      const result = await work();
      const text = detail?.(result);
      emit({ type: "task-done", id, outcome: "changed", ...(text === undefined ? {} : { detail: text }) });
      return result;
    } catch (error) {
      if (error instanceof HowdahError) emit({ type: "task-failed", id, code: error.code, message: error.message });
      throw error;
    }
  };
}

async function checkVersion(api: KubernetesApi, { emit, signal }: EngineContext): Promise<string> {
  const version = await api.version(signal);
  const minor = minorOf(version);
  if (minor < VERSIONS.oldest)
    throw new HowdahError("cluster/rejected", `This is Kubernetes ${version}; Howdah needs 1.${String(VERSIONS.oldest)} or newer`);
  if (minor > VERSIONS.newest)
    emit({
      type: "notice",
      level: "warning",
      message: `Kubernetes ${version} is newer than what Howdah was tried on (1.${String(VERSIONS.newest)})`,
    });
  return version;
}

async function currentSettings(api: KubernetesApi, signal: AbortSignal): Promise<string | undefined> {
  const found = await api.get({ resource: resources.ConfigMap, namespace: OWN_NAMESPACE, name: SETTINGS_NAME }, signal);
  return (found?.["data"] as { readonly settings?: string } | undefined)?.settings;
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
    const { conditions = [] } = (found?.["status"] as { conditions?: { type: string; status: string }[] } | undefined) ?? {};
    if (conditions.some(({ type, status }) => type === "Established" && status === "True")) return;
    if (ports.clock.now() > until) throw new HowdahError("cluster/failed", `The API server does not serve ${name}`);
    await ports.clock.sleep(POLL_MS, signal);
  }
}

/** The database servers pull with the default service account. */
async function usePullSecret(api: KubernetesApi, name: string, context: string, signal: AbortSignal): Promise<void> {
  const found = await api.get({ resource: resources.Secret, namespace: OWN_NAMESPACE, name }, signal);
  if (found === undefined)
    throw new HowdahError("cluster/rejected", `There is no Secret ${OWN_NAMESPACE}/${name}, which --pull-secret names`, {
      hint: `Make it: kubectl --context ${context} -n ${OWN_NAMESPACE} create secret docker-registry ${name} --docker-server=… --docker-username=… --docker-password=…`,
    });
  const account: ObjectName = { resource: resources.ServiceAccount, namespace: OWN_NAMESPACE, name: "default" };
  const { imagePullSecrets = [], metadata } = ((await api.get(account, signal)) ?? { metadata: {} }) as {
    readonly imagePullSecrets?: readonly { readonly name: string }[];
    readonly metadata: { readonly resourceVersion?: string };
  };
  if (imagePullSecrets.some((one) => one.name === name)) return;
  const { resourceVersion } = metadata;
  await api.mergePatch(account, { metadata: { resourceVersion }, imagePullSecrets: [...imagePullSecrets, { name }] }, {}, signal);
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
        hint: `Look at its pods: kubectl -n ${OWN_NAMESPACE} describe pods. \`howdah install\` may be repeated.`,
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
