import { HowdahError } from "../../kernel/howdah-error.ts";
import { parseJson } from "../../kernel/parse-json.ts";
import type { ConnectedCluster } from "../../kubernetes/create-kubernetes-api.ts";
import type { KubeObject, KubernetesApi, ObjectName } from "../../kubernetes/kubernetes-api.ts";
import { resourceOf, resources } from "../../kubernetes/resources.ts";
import { type ClusterSettings, minorOf } from "../../render/cluster/cluster-settings.ts";
import { crds } from "../../resources/crds.ts";
import { OPERATOR_NAME, OWN_NAMESPACE, operatorObjects, SETTINGS_NAME } from "../../resources/install/operator-objects.ts";
import type { EngineContext } from "../ports.ts";
import { chosenSettings, type InstallSettingsFlags } from "./chosen-settings.ts";
import { CLI_MANAGER, operatorPullSecret } from "./cluster-place.ts";

/** What an installation will be, but for its image. */
export interface InstallPlan {
  /** Of Kubernetes: `1.34`. */
  readonly kubernetes: string;
  /** JSON, whole. */
  readonly settings: string;
  readonly pullSecret: string | null;
  /** The image of the operator that is there; null when there is none. */
  readonly former: string | null;
}

/** The oldest Kubernetes whose API has all that we send, and the newest that was tried. */
const VERSIONS = { oldest: 29, newest: 36 };

const OPERATOR: ObjectName = { resource: resources.Deployment, namespace: OWN_NAMESPACE, name: OPERATOR_NAME };

/**
 * Looks before anything is made or written: the version, what was chosen before (it stays unless a flag chooses anew), whether what is named is there,
 * and, by a dry run, whether this person may install. Errors: `cluster/*`, `cluster/rejected` for what is missing, `usage/invalid`.
 */
export async function planInstall(
  { api, context: name }: ConnectedCluster,
  chosen: { readonly pullSecret: string | undefined; readonly flags: InstallSettingsFlags },
  { emit, signal }: EngineContext,
): Promise<InstallPlan> {
  const id = "check";
  emit({ type: "task-started", id, title: "Checking the cluster" });
  try {
    const kubernetes = await checkVersion(api, emit, signal);
    const former = await installedImage(api, signal);
    const settings = await placedSessions(api, chosenSettings(await currentSettings(api, signal), chosen.flags), { emit, signal });
    const pullSecret = chosen.pullSecret ?? (await operatorPullSecret(api, signal)) ?? null;
    if (pullSecret !== null) await requirePullSecret(api, pullSecret, name, signal);
    await requireNamed(api, parseJson(settings) as Partial<ClusterSettings>, signal);
    await requireRights(api, { pullSecret, settings }, signal);
    emit({ type: "task-done", id, outcome: "unchanged", detail: `Kubernetes ${kubernetes}` });
    return { kubernetes, settings, pullSecret, former };
  } catch (error) {
    if (error instanceof HowdahError) emit({ type: "task-failed", id, code: error.code, message: error.message });
    throw error;
  }
}

/** The image of the operator that was put into the cluster; null when none was. */
export async function installedImage(api: KubernetesApi, signal: AbortSignal): Promise<string | null> {
  const spec = (await api.get(OPERATOR, signal))?.["spec"] as
    | { readonly template: { readonly spec: { readonly containers: readonly { readonly image: string }[] } } }
    | undefined;
  return spec?.template.spec.containers[0]?.image ?? null;
}

async function checkVersion(api: KubernetesApi, emit: EngineContext["emit"], signal: AbortSignal): Promise<string> {
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

/** Provisioners whose volumes lie on one node's disk: no other node can mount them. */
const NODE_LOCAL =
  /^(rancher\.io\/local-path|kubernetes\.io\/no-provisioner|(docker\.io|microk8s\.io|k8s\.io\/minikube-)\/?hostpath|openebs\.io\/local|local\.csi\.openebs\.io|zfs\.csi\.openebs\.io|topolvm\.(io|cybozu\.com))$/;

/** Settings that say where session servers keep logins: what was said, else in memory where the cluster's default volumes lie on one node's disk. */
async function placedSessions(api: KubernetesApi, settings: string, { emit, signal }: EngineContext): Promise<string> {
  const known = parseJson(settings) as { readonly storage?: Readonly<Record<string, unknown>> };
  if (known.storage?.["sessions"] !== undefined) return settings;
  const { items } = await api.list(resources.StorageClass, {}, signal);
  const usual = items.find(({ metadata }) => metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true");
  if (usual === undefined || !NODE_LOCAL.test(String(usual["provisioner"]))) return settings;
  const message = `Volumes of ${usual.metadata.name} lie on one node's disk: session servers keep logins in memory, so that they don't wait for a lost node. \`--sessions volume\` keeps them there`;
  emit({ type: "notice", level: "info", message });
  return JSON.stringify({ ...known, storage: { ...known.storage, sessions: "memory" } });
}

async function requirePullSecret(api: KubernetesApi, name: string, context: string, signal: AbortSignal): Promise<void> {
  if ((await api.get({ resource: resources.Secret, namespace: OWN_NAMESPACE, name }, signal)) !== undefined) return;
  const kubectl = `kubectl --context ${context}`;
  throw new HowdahError("cluster/rejected", `There is no Secret ${OWN_NAMESPACE}/${name}, which --pull-secret names`, {
    hint: `Make it: \`${kubectl} create namespace ${OWN_NAMESPACE}\`, \`${kubectl} -n ${OWN_NAMESPACE} create secret docker-registry ${name} --docker-server=… --docker-username=… --docker-password=…\`.`,
  });
}

/** What the settings name must be there: a release would fail by it much later, and with other words. */
async function requireNamed(
  api: KubernetesApi,
  { wayIn, storage, priorityClass }: Partial<ClusterSettings>,
  signal: AbortSignal,
): Promise<void> {
  const ofCluster = (kind: "StorageClass" | "PriorityClass", flag: string, name: string | null | undefined) =>
    name === null || name === undefined ? [] : [{ flag, place: { resource: resources[kind], namespace: undefined, name } }];
  const wanted: readonly { readonly flag: string; readonly place: ObjectName }[] = [
    ...(wayIn?.kind === "gateway"
      ? [{ flag: "--gateway", place: { resource: resources.Gateway, namespace: wayIn.namespace, name: wayIn.name } }]
      : []),
    ...ofCluster("StorageClass", "--storage-class", storage?.shared),
    ...ofCluster("StorageClass", "--local-storage-class", storage?.local),
    ...ofCluster("PriorityClass", "--priority-class", priorityClass),
  ];
  for (const { flag, place } of wanted) {
    if ((await api.get(place, signal)) !== undefined) continue;
    const { kind, plural } = place.resource;
    const full = place.namespace === undefined ? place.name : `${place.namespace}/${place.name}`;
    throw new HowdahError("cluster/rejected", `There is no ${kind} ${full}, which ${flag} names`, {
      hint: `\`kubectl get ${plural}${place.resource.namespaced ? " --all-namespaces" : ""}\` lists them.${kind === "Gateway" ? " Without Gateways: --ingress-class or --service." : ""}`,
    });
  }
}

/** A definition and the operator's role, the two things that only an administrator may write: the API server itself judges, and keeps nothing. */
async function requireRights(api: KubernetesApi, plan: Pick<InstallPlan, "pullSecret" | "settings">, signal: AbortSignal): Promise<void> {
  const role = operatorObjects({ image: "", ...plan }).find(({ kind }) => kind === "ClusterRole");
  for (const object of [crds()[0], role] as unknown as readonly KubeObject[]) {
    const resource = resourceOf(object);
    if (resource !== undefined) await api.apply(resource, object, { fieldManager: CLI_MANAGER, dryRun: true }, signal);
  }
}
